/** Records of the coordinators' topics as people read them: the JSON that Kafka's tools print. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRecordKey, encodeRecordValue } from '../../protocol/persisted/framing.ts'
import {
  groupMetadataKey,
  groupMetadataValue,
  offsetCommitKey,
  offsetCommitValue,
} from '../../protocol/persisted/group-records.ts'
import {
  transactionLogKey,
  transactionLogValue,
} from '../../protocol/persisted/transaction-records.ts'
import {
  DamagedRecordError,
  decodeCoordinatorRecord,
  messageJson,
  UnknownTypeError,
} from './coordinator-records.ts'
import { jacksonText } from './kafka-json.ts'

const KEY = encodeRecordKey(offsetCommitKey, { group: 'g', topic: 't', partition: 3 })

test('an offset commit: fields that its version lacks and default tags are left out', () => {
  const fields = { offset: 5, leaderEpoch: 2, metadata: '', commitTimestamp: 1000 }
  const json = (version: number, topicId?: string) => {
    const value = encodeRecordValue(offsetCommitValue, version, { ...fields, topicId })
    return messageJson(decodeCoordinatorRecord('group', KEY, value).value!)
  }
  const epoch = '{"offset":5,"leaderEpoch":2,"metadata":"","commitTimestamp":1000'
  assert.equal(json(3), `${epoch}}`)
  assert.equal(json(4), `${epoch}}`)
  const topicId = 'Y29uZm9ybWFuY2UtdGVzdA'
  assert.equal(json(4, topicId), `${epoch},"topicId":"${topicId}"}`)
  const { type, key } = decodeCoordinatorRecord('group', KEY, null)
  assert.equal(type, 1)
  assert.equal(messageJson(key), '{"group":"g","topic":"t","partition":3}')
})

test('bytes are base64, unless someone knows what is in them', () => {
  const member = {
    memberId: 'm',
    clientId: 'c',
    clientHost: '/127.0.0.1',
    sessionTimeout: 1,
    rebalanceTimeout: 2,
    subscription: new Uint8Array([0, 1]),
    assignment: new Uint8Array(0),
  }
  const group = { protocolType: 'x', generation: 1, protocol: null, leader: 'm', members: [member] }
  const key = encodeRecordKey(groupMetadataKey, { group: 'g' })
  const value = encodeRecordValue(groupMetadataValue, 3, { ...group, currentStateTimestamp: 9 })
  const { value: decoded } = decodeCoordinatorRecord('group', key, value)
  const before = '{"protocolType":"x","generation":1,"protocol":null,"leader":"m",'
  const json = messageJson(decoded!)
  assert.equal(
    json,
    `${before}"currentStateTimestamp":9,"members":[{"memberId":"m","groupInstanceId":null,` +
      '"clientId":"c","clientHost":"/127.0.0.1","rebalanceTimeout":2,"sessionTimeout":1,' +
      '"subscription":"AAE=","assignment":""}]}',
  )
  const path = 'GroupMetadataValue.members.subscription'
  const opened = messageJson(decoded!, (at) => (at === path ? '{}' : null))
  assert.equal(opened, json.replace('"AAE="', '{}'))
})

test('what is no record is told of in words', () => {
  const bytes = (...numbers: number[]) => new Uint8Array(numbers)
  const read = (key: Uint8Array, value: Uint8Array | null) => () => {
    decodeCoordinatorRecord('group', key, value)
  }
  assert.throws(read(bytes(0, 99), null), new UnknownTypeError(99))
  const damaged = (text: string) => ({ name: 'DamagedRecordError', message: text })
  assert.throws(read(bytes(0), null), damaged("Could not read version from key's buffer."))
  assert.throws(read(KEY, bytes()), damaged("Could not read version from value's buffer."))
  assert.throws(read(KEY, bytes(0, 9)), damaged('Found an unknown record version 9 for 1 type'))
  assert.throws(read(KEY, bytes(0, 3, 0)), DamagedRecordError)
  assert.throws(read(KEY.subarray(0, 5), null), DamagedRecordError)
})

test('a transaction without partitions', () => {
  const key = encodeRecordKey(transactionLogKey, { transactionalId: 'a\u001f"\\u001f' })
  const state = {
    ...{ producerId: 7, producerEpoch: 0, transactionTimeoutMs: 60_000, transactionStatus: 0 },
    ...{ transactionPartitions: null, transactionStartTimestampMs: -1 },
  }
  const value = encodeRecordValue(transactionLogValue, 1, {
    ...state,
    transactionLastUpdateTimestampMs: 5,
    clientTransactionVersion: 2,
  })
  const record = decodeCoordinatorRecord('transaction', key, value)
  assert.equal(messageJson(record.key), String.raw`{"transactionalId":"a\u001F\"\\u001f"}`)
  assert.equal(
    messageJson(record.value!),
    '{"producerId":7,"producerEpoch":0,"transactionTimeoutMs":60000,"transactionStatus":0,' +
      '"transactionPartitions":null,"transactionLastUpdateTimestampMs":5,' +
      '"transactionStartTimestampMs":-1,"clientTransactionVersion":2}',
  )
  assert.equal(jacksonText('\n\u007f'), '"\\n\u007f"')
})
