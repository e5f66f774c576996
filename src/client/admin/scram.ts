/**
 * Users of SCRAM-SHA-256 and SCRAM-SHA-512 (KIP-554). Passwords are salted and hashed here, as Java
 * does: a broker never sees them.
 */
import { pbkdf2Sync } from 'node:crypto'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from '../../protocol/messages/50-describe-user-scram-credentials.ts'
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from '../../protocol/messages/51-alter-user-scram-credentials.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { asking, type Caller, send } from './caller.ts'
import { controller } from './lookups.ts'
import { perKey, settleControllerError } from './per-key.ts'
import { type ResultEntry, Results } from './results.ts'

const describeCall = {
  request: describeUserScramCredentialsRequest,
  response: describeUserScramCredentialsResponse,
}
const alterCall = {
  request: alterUserScramCredentialsRequest,
  response: alterUserScramCredentialsResponse,
}

/** The mechanisms of SASL/SCRAM. */
export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

const MECHANISMS = {
  'SCRAM-SHA-256': { code: 1, hash: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { code: 2, hash: 'sha512', bytes: 64 },
} as const

/** What Kafka's tools take where nothing is said; the least that brokers accept. */
const DEFAULT_ITERATIONS = 4096
const SALT_BYTES = 24

const nameText = (user: string) => user

/** A credential of a user, as far as the broker tells. */
export interface ScramCredential {
  readonly mechanism: ScramMechanism | 'UNKNOWN'
  readonly iterations: number
}

/** The credentials of users, or of all that have any. RESOURCE_NOT_FOUND for those without. */
export function describeUserScramCredentials(
  caller: Caller,
  users: readonly string[] | null,
  options: CallOptions,
): Promise<Results<string, readonly ScramCredential[]>> {
  const deadline = caller.begin('describeUserScramCredentials', options)
  const asked = { users: users === null ? null : [...new Set(users)].map((name) => ({ name })) }
  return asking(caller, deadline, async () => {
    const { body } = await send(caller, 'any', describeCall, asked, { deadline })
    const context = { api: 'DescribeUserScramCredentials' }
    if (body.errorCode !== 0) throw KafkaError.ofCode(body.errorCode, body.errorMessage, context)
    const entries = body.results.map((result): ResultEntry<string, readonly ScramCredential[]> => {
      const { user, errorCode, errorMessage, credentialInfos } = result
      if (errorCode !== 0) {
        return { key: user, ok: false, error: KafkaError.ofCode(errorCode, errorMessage, context) }
      }
      const value = credentialInfos.map(({ mechanism, iterations }) => {
        return { mechanism: mechanismOf(mechanism), iterations }
      })
      return { key: user, ok: true, value }
    })
    return new Results(nameText, entries)
  })
}

function mechanismOf(code: number): ScramMechanism | 'UNKNOWN' {
  if (code === MECHANISMS['SCRAM-SHA-256'].code) return 'SCRAM-SHA-256'
  return code === MECHANISMS['SCRAM-SHA-512'].code ? 'SCRAM-SHA-512' : 'UNKNOWN'
}

/** A password that a user is to have for a mechanism, or the end of one. */
export type ScramAlteration =
  | {
      readonly user: string
      readonly mechanism: ScramMechanism
      readonly password: string
      /** How many rounds make the hash; 4096 where left out, which is the least. */
      readonly iterations?: number | undefined
      /** Random where left out. */
      readonly salt?: Uint8Array | undefined
    }
  | { readonly user: string; readonly mechanism: ScramMechanism; readonly delete: true }

/**
 * Sets and deletes credentials. Of one user one in a call: brokers refuse a second as
 * DUPLICATE_RESOURCE, whatever its mechanism.
 */
export async function alterUserScramCredentials(
  caller: Caller,
  alterations: readonly ScramAlteration[],
  options: CallOptions,
): Promise<Results<string, void>> {
  const deadline = caller.begin('alterUserScramCredentials', options)
  const deletions: { name: string; mechanism: number }[] = []
  const upsertions: Upsertion[] = []
  const wrong = new Map<string, KafkaError>()
  for (const alteration of alterations) {
    const problem = problemOf(alteration)
    if (problem !== null) wrong.set(alteration.user, problem)
    else if ('delete' in alteration) {
      const mechanism = MECHANISMS[alteration.mechanism].code
      deletions.push({ name: alteration.user, mechanism })
    } else upsertions.push(toUpsertion(caller, alteration))
  }
  return perKey(caller, deadline, {
    keys: alterations.map(({ user }) => user),
    textOf: nameText,
    lookup: controller(),
    async ask(target, keys, answers) {
      for (const [user, error] of wrong) answers.fail(user, error)
      const isAsked = ({ name }: { name: string }) => keys.includes(name) && !wrong.has(name)
      const asked = {
        deletions: deletions.filter(isAsked),
        upsertions: upsertions.filter(isAsked),
      }
      if (asked.deletions.length + asked.upsertions.length === 0) return
      const { body } = await send(caller, target, alterCall, asked, { deadline })
      const context = { api: 'AlterUserScramCredentials' }
      for (const { user, errorCode, errorMessage } of body.results) {
        if (errorCode === 0) answers.succeed(user, undefined)
        else {
          const error = KafkaError.ofCode(errorCode, errorMessage, context)
          settleControllerError(answers, user, error, body)
        }
      }
    },
  })
}

interface Upsertion {
  readonly name: string
  readonly mechanism: number
  readonly iterations: number
  readonly salt: Uint8Array
  readonly saltedPassword: Uint8Array
}

type Setting = Extract<ScramAlteration, { readonly password: string }>

function problemOf(alteration: ScramAlteration): KafkaError | null {
  const { user, mechanism } = alteration
  const refuse = (errorCode: number, text: string) => KafkaError.ofCode(errorCode, text)
  const { UNACCEPTABLE_CREDENTIAL, UNSUPPORTED_SASL_MECHANISM } = ErrorCode
  if (user === '') return refuse(UNACCEPTABLE_CREDENTIAL, 'the name of the user is empty')
  if (!Object.hasOwn(MECHANISMS, mechanism)) {
    const known = Object.keys(MECHANISMS).join(', ')
    return refuse(UNSUPPORTED_SASL_MECHANISM, `${mechanism} is none of ${known}`)
  }
  if ('delete' in alteration) return null
  if (alteration.password === '') {
    return refuse(UNACCEPTABLE_CREDENTIAL, `the password of ${user} is empty`)
  }
  const { iterations = DEFAULT_ITERATIONS } = alteration
  if (Number.isInteger(iterations) && iterations >= 1) return null
  return refuse(UNACCEPTABLE_CREDENTIAL, `iterations: ${iterations} is no whole number from 1 up`)
}

function toUpsertion({ cluster }: Caller, alteration: Setting): Upsertion {
  const { user, mechanism, password, iterations = DEFAULT_ITERATIONS } = alteration
  const { code, hash, bytes } = MECHANISMS[mechanism]
  const salt = alteration.salt ?? cluster.random.bytes(SALT_BYTES)
  const saltedPassword = pbkdf2Sync(password, salt, iterations, bytes, hash)
  return { name: user, mechanism: code, iterations, salt, saltedPassword }
}
