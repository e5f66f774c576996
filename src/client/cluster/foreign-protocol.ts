/**
 * Tells by the first bytes of an answer that a listener speaks something else than Kafka in
 * plaintext. A frame begins with its length, and no length in use looks like any of these.
 */

/** What a listener is told by that begins with these (up to four) bytes; null for nothing known. */
export function foreignProtocol(first: readonly number[]): string | null {
  const [type, major, minor] = first
  if (type === undefined || major === undefined || minor === undefined) return null
  // A TLS record: an alert or a handshake, of version 3.0 to 3.4.
  if ((type === 0x15 || type === 0x16) && major === 3 && minor <= 4) {
    return 'answers in TLS: the listener wants it (option `tls`)'
  }
  if (first.length >= 4 && String.fromCharCode(...first) === 'HTTP') {
    return 'answers in HTTP: this is not a listener of Kafka'
  }
  return null
}
