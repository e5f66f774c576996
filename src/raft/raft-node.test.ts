/**
 * Transcripts of the raft core: each block of testdata/*.txt is commands, `----`, and the effects
 * that came of them with the state after. `UPDATE=1` writes the files anew; read the difference.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import { ZERO_UUID } from '../base/uuid.ts'
import { baseOffset, isControl, lastOffset } from '../records/batch.ts'
import { type ControlRecord, readControlBatch } from '../records/control.ts'
import type { RaftEffect, RaftEvent } from './effects.ts'
import { type ReplicaKey, type Voter, VoterSet } from './quorum.ts'
import { QuorumHistory } from './quorum-history.ts'
import { RaftNode } from './raft-node.ts'
import { forEachValue } from './snapshot.ts'

const DIRECTORY = join(import.meta.dirname, 'testdata')
const ELECTION_TIMEOUT_MS = 1000
const FETCH_TIMEOUT_MS = 2000

for (const name of readdirSync(DIRECTORY).filter((file) => file.endsWith('.txt'))) {
  test(`raft transcript ${name}`, () => {
    const path = join(DIRECTORY, name)
    const before = readFileSync(path, 'utf8')
    const after = run(before)
    if (process.env['UPDATE'] === '1') writeFileSync(path, after)
    else assert.equal(after, before)
  })
}

function run(text: string): string {
  const session = new Session()
  const blocks = text.split(/\n\n+/).map((block) => {
    const lines = block.trimEnd().split('\n')
    const end = lines.indexOf('----')
    const given = end < 0 ? lines : lines.slice(0, end)
    if (given.every((line) => line.startsWith('#'))) return given.join('\n')
    const output = given.flatMap((line) => (line.startsWith('#') ? [] : session.execute(line)))
    return [...given, '----', ...output].join('\n')
  })
  return `${blocks.join('\n\n')}\n`
}

/** A directory id that shows whose it is: `dir` and the node's id. */
function directoryOf(id: number): string {
  return `dir${id}`.padEnd(21, 'x').concat('A')
}

class Session {
  #nowMs = 0
  #node: RaftNode | null = null

  execute(line: string): string[] {
    const [command = '', ...words] = line.split(' ')
    const named = new Map(words.filter((word) => word.includes('=')).map((word) => pair(word)))
    const plain = words.filter((word) => !word.includes('='))
    if (command === 'node') {
      this.#node = newNode(named)
      return []
    }
    if (command === 'at') {
      this.#nowMs = Number(plain[0])
      return this.#step({ type: 'deadline' })
    }
    if (command === 'describe') return this.#describe()
    return this.#step(eventOf(command, plain, named))
  }

  #step(event: RaftEvent): string[] {
    const node = this.#node!
    const effects = node.step(event, this.#nowMs).map(describeEffect)
    const deadline = node.deadlineMs === Number.POSITIVE_INFINITY ? '' : ` until=${node.deadlineMs}`
    return [...effects, `${node.state} epoch=${node.epoch} end=${node.logEndOffset}${deadline}`]
  }

  #describe(): string[] {
    const quorum = this.#node!.describe(this.#nowMs)
    if (quorum === null) return ['not the leader']
    const { leaderId, leaderEpoch, highWatermark, voters, observers } = quorum
    const replica = ({ key, endOffset, lastFetchMs, lastCaughtUpMs }: (typeof voters)[number]) =>
      `${key.id} end=${endOffset} fetched=${lastFetchMs} caughtUp=${lastCaughtUpMs}`
    return [
      `leader ${leaderId} epoch=${leaderEpoch} highWatermark=${highWatermark}`,
      ...voters.map((voter) => `  voter ${replica(voter)}`),
      ...observers.map((observer) => `  observer ${replica(observer)}`),
    ]
  }
}

function pair(word: string): [string, string] {
  const at = word.indexOf('=')
  return [word.slice(0, at), word.slice(at + 1)]
}

/** `node id=1 voters=1,2 kraft=1 votersAt=-1 epoch=2 leader=1 vote=1 log=5/2 port=9093`. */
function newNode(named: ReadonlyMap<string, string>): RaftNode {
  const number = (name: string, otherwise: number): number => Number(named.get(name) ?? otherwise)
  const id = number('id', 1)
  const kraftVersion = number('kraft', 0)
  const voters = (named.get('voters') ?? '1').split(',').map((each) => voterOf(Number(each), 9093))
  const known =
    kraftVersion > 0 ? voters : voters.map((voter) => ({ ...voter, directoryId: ZERO_UUID }))
  const history = new QuorumHistory(kraftVersion > 0 ? VoterSet.EMPTY : new VoterSet(known))
  if (kraftVersion > 0) {
    const at = number('votersAt', -1)
    history.replay({ kind: 'kraftVersion', kraftVersion }, at)
    history.replay({ kind: 'voters', voters: new VoterSet(known).toRecord() }, at)
  }
  const vote = named.get('vote')
  const [offset = 0, logEpoch = 0] = (named.get('log') ?? '0/0').split('/').map(Number)
  return new RaftNode({
    local: voterOf(id, number('port', 9093)),
    history,
    election: {
      epoch: number('epoch', 0),
      leaderId: number('leader', -1),
      vote: vote === undefined ? null : keyOf(Number(vote)),
    },
    logEnd: { offset, epoch: logEpoch },
    electionTimeoutMs: ELECTION_TIMEOUT_MS,
    fetchTimeoutMs: FETCH_TIMEOUT_MS,
    random: { int: () => 0 },
  })
}

function keyOf(id: number): ReplicaKey {
  return { id, directoryId: directoryOf(id) }
}

function voterOf(id: number, port: number): Voter {
  const endpoints = [{ name: 'CONTROLLER', host: `host${id}`, port }]
  return { ...keyOf(id), endpoints, kraftVersions: { min: 0, max: 1 } }
}

function eventOf(
  command: string,
  plain: readonly string[],
  named: ReadonlyMap<string, string>,
): RaftEvent {
  const id = Number(plain[0])
  switch (command) {
    case 'start':
      return { type: 'started' }
    case 'append':
      return { type: 'append', values: plain.map((word) => utf8Bytes(word)) }
    case 'flushed':
      return { type: 'flushed', endOffset: id }
    case 'fetched':
      return { type: 'replicaFetched', replica: keyOf(id), fetchOffset: Number(plain[1]) }
    case 'granted':
    case 'rejected':
      return {
        type: 'voteAnswered',
        from: keyOf(id),
        epoch: Number(named.get('epoch')),
        isPreVote: plain.includes('pre'),
        isGranted: command === 'granted',
      }
    case 'upgrade':
      return { type: 'upgradeKRaftVersion', level: id }
    case 'resign':
      return { type: 'resign' }
  }
  throw new Error(`no such command: ${command}`)
}

function describeEffect(effect: RaftEffect): string {
  switch (effect.type) {
    case 'saveElection': {
      const { epoch, leaderId, vote } = effect.election
      const version = `version=${effect.dataVersion}`
      return `save epoch=${epoch} leader=${leaderId} vote=${vote?.id ?? '-'} ${version}`
    }
    case 'startEpoch':
      return `start epoch ${effect.epoch}`
    case 'append': {
      const { batch, epoch } = effect
      assert.equal(lastOffset(batch, 0), effect.lastOffset)
      const offsets = `${baseOffset(batch, 0)}-${effect.lastOffset}`
      return `append ${offsets} epoch=${epoch}: ${recordsOf(batch)}`
    }
    case 'flush':
      return 'flush'
    case 'advanceHighWatermark':
      return `high watermark ${effect.highWatermark}`
    case 'leaderChanged':
      return `leader ${effect.leaderId} epoch=${effect.epoch}`
    case 'requestVote': {
      const { to, epoch, isPreVote, logEnd } = effect
      const log = `log=${logEnd.offset}/${logEnd.epoch}`
      return `ask ${to.id} for its ${isPreVote ? 'pre-vote' : 'vote'} epoch=${epoch} ${log}`
    }
  }
}

function recordsOf(batch: Uint8Array): string {
  if (isControl(batch, 0)) return readControlBatch(batch).map(describeControl).join(', ')
  const values: string[] = []
  forEachValue(batch, 0, (value) => values.push(utf8Text(value)))
  return values.join(' ')
}

function describeControl(record: ControlRecord): string {
  switch (record.kind) {
    case 'leaderChange': {
      const ids = (voters: readonly { readonly voterId: number }[]): string =>
        voters.map(({ voterId }) => voterId).join('+')
      const { voters, grantingVoters, leaderId } = record
      return `leaderChange ${leaderId} voters=${ids(voters)} granting=${ids(grantingVoters)}`
    }
    case 'kraftVersion':
      return `kraftVersion ${record.kraftVersion}`
    case 'voters': {
      const voters = record.voters.map(
        ({ voterId, endpoints }) => `${voterId}@${endpoints[0]?.host}:${endpoints[0]?.port}`,
      )
      return `voters ${voters.join(' ')}`
    }
    default:
      return record.kind
  }
}
