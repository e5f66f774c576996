/**
 * What says who may do what, and how much of it: client quotas, ACLs, SCRAM credentials, delegation
 * tokens. Kept as the records say it, so that every snapshot carries all of it on.
 *
 * Invariant: bytes in here are copies; records read from the log are views of a buffer that goes.
 */
import {
  type AccessControlEntryRecord,
  accessControlEntryRecord,
  type ClientQuotaRecord,
  clientQuotaRecord,
  type DelegationTokenRecord,
  delegationTokenRecord,
  type RemoveAccessControlEntryRecord,
  type RemoveDelegationTokenRecord,
  type RemoveUserScramCredentialRecord,
  type UserScramCredentialRecord,
  userScramCredentialRecord,
} from '../protocol/persisted/metadata-records.ts'
import type { Uuid } from '../protocol/schema.ts'
import type { MetadataDelta } from './delta.ts'
import { supports } from './metadata-version.ts'
import { type MetadataRecord, metadataRecord } from './records.ts'

/** Part of the entity that a quota is for; name null is the default of its type. */
export interface QuotaEntityPart {
  readonly entityType: string
  readonly entityName: string | null
}

/** Quotas of one entity, by key (producer_byte_rate …). */
export interface QuotaEntity {
  readonly entity: readonly QuotaEntityPart[]
  readonly values: ReadonlyMap<string, number>
}

interface MutableQuotaEntity extends QuotaEntity {
  readonly values: Map<string, number>
}

export class AccessImage {
  readonly #quotas = new Map<string, MutableQuotaEntity>()
  readonly #acls = new Map<Uuid, AccessControlEntryRecord>()
  readonly #scram = new Map<string, UserScramCredentialRecord>()
  readonly #tokens = new Map<string, DelegationTokenRecord>()

  get clientQuotas(): Iterable<QuotaEntity> {
    return this.#quotas.values()
  }

  get acls(): ReadonlyMap<Uuid, AccessControlEntryRecord> {
    return this.#acls
  }

  get delegationTokens(): ReadonlyMap<string, DelegationTokenRecord> {
    return this.#tokens
  }

  get scramCredentials(): Iterable<UserScramCredentialRecord> {
    return this.#scram.values()
  }

  /** Mechanism 1 is SCRAM-SHA-256, 2 is SCRAM-SHA-512. */
  scramCredential(user: string, mechanism: number): UserScramCredentialRecord | undefined {
    return this.#scram.get(scramKey(user, mechanism))
  }

  replayClientQuota(record: ClientQuotaRecord, delta: MetadataDelta): void {
    const key = entityKey(record.entity)
    const known = this.#quotas.get(key)
    if (record.remove) {
      known?.values.delete(record.key)
      if (known?.values.size === 0) this.#quotas.delete(key)
    } else if (known === undefined) {
      const values = new Map([[record.key, record.value]])
      this.#quotas.set(key, { entity: record.entity, values })
    } else {
      known.values.set(record.key, record.value)
    }
    delta.clientQuotasChanged = true
  }

  replayAcl(record: AccessControlEntryRecord, delta: MetadataDelta): void {
    this.#acls.set(record.id, record)
    delta.aclsChanged = true
  }

  replayRemoveAcl(record: RemoveAccessControlEntryRecord, delta: MetadataDelta): void {
    this.#acls.delete(record.id)
    delta.aclsChanged = true
  }

  replayScram(record: UserScramCredentialRecord, delta: MetadataDelta): void {
    this.#scram.set(scramKey(record.name, record.mechanism), {
      ...record,
      salt: Uint8Array.from(record.salt),
      storedKey: Uint8Array.from(record.storedKey),
      serverKey: Uint8Array.from(record.serverKey),
    })
    delta.scramChanged = true
  }

  replayRemoveScram(record: RemoveUserScramCredentialRecord, delta: MetadataDelta): void {
    this.#scram.delete(scramKey(record.name, record.mechanism))
    delta.scramChanged = true
  }

  replayToken(record: DelegationTokenRecord, delta: MetadataDelta): void {
    this.#tokens.set(record.tokenId, record)
    delta.delegationTokensChanged = true
  }

  replayRemoveToken(record: RemoveDelegationTokenRecord, delta: MetadataDelta): void {
    this.#tokens.delete(record.tokenId)
    delta.delegationTokensChanged = true
  }

  *quotaRecords(): Generator<MetadataRecord> {
    for (const { entity, values } of this.#quotas.values()) {
      for (const [key, value] of values) {
        yield metadataRecord(clientQuotaRecord, { entity, key, value, remove: false })
      }
    }
  }

  *credentialRecords(metadataVersion: number): Generator<MetadataRecord> {
    for (const acl of this.#acls.values()) yield metadataRecord(accessControlEntryRecord, acl)
    if (supports.scram(metadataVersion)) {
      for (const scram of this.#scram.values()) {
        yield metadataRecord(userScramCredentialRecord, scram)
      }
    }
    if (supports.delegationTokens(metadataVersion)) {
      for (const token of this.#tokens.values()) yield metadataRecord(delegationTokenRecord, token)
    }
  }
}

function scramKey(user: string, mechanism: number): string {
  return `${mechanism}:${user}`
}

/** Equal for the same parts in any order. */
function entityKey(entity: readonly QuotaEntityPart[]): string {
  return JSON.stringify(
    entity
      .map((part) => [part.entityType, part.entityName])
      .sort((a, b) => (a[0]! < b[0]! ? -1 : 1)),
  )
}
