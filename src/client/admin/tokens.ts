/**
 * Delegation tokens: secrets that stand for a user for some time, for programs that are not to have
 * the user's own (KIP-48, KIP-373 for tokens of others).
 */
import {
  createDelegationTokenRequest,
  createDelegationTokenResponse,
} from '../../protocol/messages/38-create-delegation-token.ts'
import {
  renewDelegationTokenRequest,
  renewDelegationTokenResponse,
} from '../../protocol/messages/39-renew-delegation-token.ts'
import {
  expireDelegationTokenRequest,
  expireDelegationTokenResponse,
} from '../../protocol/messages/40-expire-delegation-token.ts'
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from '../../protocol/messages/41-describe-delegation-token.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { asking, type Caller, send, throwIfFailed } from './caller.ts'

const createCall = {
  request: createDelegationTokenRequest,
  response: createDelegationTokenResponse,
}
const renewCall = { request: renewDelegationTokenRequest, response: renewDelegationTokenResponse }
const expireCall = {
  request: expireDelegationTokenRequest,
  response: expireDelegationTokenResponse,
}
const describeCall = {
  request: describeDelegationTokenRequest,
  response: describeDelegationTokenResponse,
}

/** Since then a token can be made for somebody else. */
const OWNER_VERSION = 3
/** Stands for what the broker's config says. */
const BROKER_DEFAULT = -1

/** A delegation token (KIP-48). */
export interface DelegationToken {
  readonly tokenId: string
  /** The secret: the password of SASL/SCRAM, in base64. */
  readonly hmac: Uint8Array
  /** As `User:alice`. */
  readonly owner: string
  /** Who asked for it; the owner, where the broker does not tell. */
  readonly requester: string
  readonly renewers: readonly string[]
  /** All in milliseconds since 1970. */
  readonly issueTimestamp: number
  readonly expiryTimestamp: number
  /** It can't be renewed beyond. */
  readonly maxTimestamp: number
}

/** What `createDelegationToken` takes. */
export interface CreateTokenOptions extends CallOptions {
  /** As `User:alice`; whoever asks where left out. */
  readonly owner?: string | undefined
  /** Who may renew it besides its owner. */
  readonly renewers?: readonly string[] | undefined
  /** The broker's `delegation.token.max.lifetime.ms` where left out. */
  readonly maxLifetimeMs?: number | undefined
}

/** Makes a token. */
export function createDelegationToken(
  caller: Caller,
  options: CreateTokenOptions,
): Promise<DelegationToken> {
  const deadline = caller.begin('createDelegationToken', options)
  const owner = options.owner === undefined ? null : principalOf(options.owner)
  const renewers = options.renewers ?? []
  const asked = {
    renewers: renewers.map(principalOf),
    maxLifetimeMs: options.maxLifetimeMs ?? BROKER_DEFAULT,
  }
  return asking(caller, deadline, async () => {
    const { body } = await send(
      caller,
      'any',
      createCall,
      (version) => {
        if (version < OWNER_VERSION) return asked
        const ownerPrincipalType = owner?.principalType ?? null
        const ownerPrincipalName = owner?.principalName ?? null
        return { ...asked, ownerPrincipalType, ownerPrincipalName }
      },
      { deadline, ...(owner !== null && { minVersion: OWNER_VERSION }) },
    )
    throwIfFailed(body.errorCode, null, 'CreateDelegationToken')
    return toToken({
      ...body,
      issueTimestamp: body.issueTimestampMs,
      expiryTimestamp: body.expiryTimestampMs,
      maxTimestamp: body.maxTimestampMs,
      renewers: asked.renewers,
    })
  })
}

interface Principal {
  readonly principalType: string
  readonly principalName: string
}

/** `User:alice` as its two parts. */
function principalOf(text: string): Principal {
  const colon = text.indexOf(':')
  if (colon > 0 && colon < text.length - 1) {
    return { principalType: text.slice(0, colon), principalName: text.slice(colon + 1) }
  }
  const what = `${JSON.stringify(text)} is no principal, as User:alice`
  throw new KafkaError('INVALID_ARGUMENT', what)
}

function principalText({ principalType, principalName }: Principal): string {
  return `${principalType}:${principalName}`
}

interface WireToken extends Principal {
  readonly tokenRequesterPrincipalType: string
  readonly tokenRequesterPrincipalName: string
  readonly issueTimestamp: number
  readonly expiryTimestamp: number
  readonly maxTimestamp: number
  readonly tokenId: string
  readonly hmac: Uint8Array
  readonly renewers: readonly Principal[]
}

function toToken(token: WireToken): DelegationToken {
  const owner = principalText(token)
  const requester = principalText({
    principalType: token.tokenRequesterPrincipalType,
    principalName: token.tokenRequesterPrincipalName,
  })
  return {
    tokenId: token.tokenId,
    hmac: token.hmac.slice(),
    owner,
    requester: token.tokenRequesterPrincipalName === '' ? owner : requester,
    renewers: token.renewers.map(principalText),
    issueTimestamp: token.issueTimestamp,
    expiryTimestamp: token.expiryTimestamp,
    maxTimestamp: token.maxTimestamp,
  }
}

/** What `renewDelegationToken` takes. */
export interface RenewTokenOptions extends CallOptions {
  /** The broker's `delegation.token.expiry.time.ms` where left out. */
  readonly renewPeriodMs?: number | undefined
}

/** Has a token live on; resolves with when it will expire, in milliseconds since 1970. */
export function renewDelegationToken(
  caller: Caller,
  hmac: Uint8Array,
  options: RenewTokenOptions,
): Promise<number> {
  const deadline = caller.begin('renewDelegationToken', options)
  const renewPeriodMs = options.renewPeriodMs ?? BROKER_DEFAULT
  return asking(caller, deadline, async () => {
    const { body } = await send(caller, 'any', renewCall, { hmac, renewPeriodMs }, { deadline })
    throwIfFailed(body.errorCode, null, 'RenewDelegationToken')
    return body.expiryTimestampMs
  })
}

/** What `expireDelegationToken` takes. */
export interface ExpireTokenOptions extends CallOptions {
  /** From now on; it expires at once where left out. */
  readonly expiryTimePeriodMs?: number | undefined
}

/** Has a token expire; resolves with when, in milliseconds since 1970. */
export function expireDelegationToken(
  caller: Caller,
  hmac: Uint8Array,
  options: ExpireTokenOptions,
): Promise<number> {
  const deadline = caller.begin('expireDelegationToken', options)
  const expiryTimePeriodMs = options.expiryTimePeriodMs ?? BROKER_DEFAULT
  return asking(caller, deadline, async () => {
    const asked = { hmac, expiryTimePeriodMs }
    const { body } = await send(caller, 'any', expireCall, asked, { deadline })
    throwIfFailed(body.errorCode, null, 'ExpireDelegationToken')
    return body.expiryTimestampMs
  })
}

/** The tokens of these owners, as `User:alice`, or all that this client may see. */
export function describeDelegationTokens(
  caller: Caller,
  owners: readonly string[] | null,
  options: CallOptions,
): Promise<readonly DelegationToken[]> {
  const deadline = caller.begin('describeDelegationTokens', options)
  const asked = { owners: owners?.map(principalOf) ?? null }
  return asking(caller, deadline, async () => {
    const { body } = await send(caller, 'any', describeCall, asked, { deadline })
    throwIfFailed(body.errorCode, null, 'DescribeDelegationToken')
    return body.tokens.map(toToken)
  })
}
