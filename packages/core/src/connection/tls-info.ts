import type { X509Certificate } from 'node:crypto'

/** What the handshake of a connection over TLS has settled. */
export interface TlsInfo {
  /** Such as `TLSv1.3`. */
  readonly protocol: string
  /** The cipher suite under its standard name, such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** What was agreed on by ALPN (RFC 7301); undefined where nothing was. */
  readonly alpnProtocol: string | undefined
  /** The name that the client asked for (SNI, RFC 6066, 3); undefined where it named none. */
  readonly servername: string | undefined
  /**
   * Whether the peer's certificate was checked and found good. False on a server that asks for none, and wherever
   * `rejectUnauthorized` is false and the certificate would have been refused.
   */
  readonly authorized: boolean
  /** Why it was not, where it was checked: Node's code, such as `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly authorizationError: string | undefined
  /** Undefined where the peer has shown none. */
  readonly peerCertificate: X509Certificate | undefined
}
