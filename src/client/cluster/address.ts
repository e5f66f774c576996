/** Addresses of brokers as people write them: `host:9092`, `[::1]:9092`, `SASL_SSL://host:9092`. */
import { KafkaError } from '../kafka-error.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

const FORM = /^(?:[\w.-]*:\/\/)?(?:\[([\da-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s:/[\]]+)):(\d{1,5})$/

/** Reads a list of addresses, also where commas are between them; at least one must be there. */
export function parseAddresses(brokers: string | readonly string[]): Address[] {
  const isList = Array.isArray(brokers) && brokers.every((each) => typeof each === 'string')
  if (typeof brokers !== 'string' && !isList) {
    throw new KafkaError('INVALID_ARGUMENT', `brokers: ${String(brokers)} is no list of host:port`)
  }
  const texts = [brokers].flat().flatMap((each: string) => each.split(','))
  const addresses = texts.map((each) => each.trim()).filter((each) => each !== '')
  if (addresses.length === 0) {
    throw new KafkaError('INVALID_ARGUMENT', 'brokers: no address in it; say host:port')
  }
  return addresses.map(parseAddress)
}

function parseAddress(text: string): Address {
  const match = FORM.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65535) {
    throw new KafkaError('INVALID_ARGUMENT', `brokers: "${text}" is not host:port`)
  }
  return { host: match[1] ?? match[2]!, port }
}

/** `host:port`, the form that `parseAddresses` reads. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
