/**
 * What this client is called, and which version it is: brokers are told so (KIP-511), and tracers.
 *
 * Invariant: it is what package.json says.
 */

/** As ApiVersions wants it. */
export const SOFTWARE = {
  clientSoftwareName: 'millrace',
  clientSoftwareVersion: '0.1.0',
} as const
