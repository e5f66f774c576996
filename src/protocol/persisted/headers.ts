/**
 * Headers of requests and responses, and the principal that a forwarded request carries (KIP-590).
 * Which version of a header goes with which version of an API: src/rpc/header.ts.
 */
import { bool, type Infer, int16, int32, message, string } from '../schema.ts'

export const requestHeader = message(
  'RequestHeader',
  { versions: '1-2', flexible: '2+' },
  {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: string({ versions: '1+', nullable: '1+', flexible: 'none' }),
  },
)
export type RequestHeader = Infer<typeof requestHeader>

export const responseHeader = message(
  'ResponseHeader',
  { versions: '0-1', flexible: '1+' },
  {
    correlationId: int32(),
  },
)
export type ResponseHeader = Infer<typeof responseHeader>

export const defaultPrincipalData = message(
  'DefaultPrincipalData',
  { versions: '0', flexible: '0+' },
  {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
)
export type DefaultPrincipalData = Infer<typeof defaultPrincipalData>
