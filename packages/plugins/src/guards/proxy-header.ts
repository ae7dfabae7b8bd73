import { type AttributeKey, attributeKey, type SocketAddress } from '@millrace/core'

/** One further fact in a v2 header: `PP2_TYPE_SSL` and the like. */
export interface ProxyTlv {
  /** 0 to 255. */
  readonly type: number
  /** Its owner is who reads it. */
  readonly value: Uint8Array
}

/** What a PROXY header says. */
export interface ProxyHeader {
  readonly version: 1 | 2
  /** The client's address; undefined for `LOCAL`, `UNKNOWN` and `UNSPEC`: the balancer speaks for itself, or does not say. */
  readonly source?: SocketAddress
  /** Where the client had connected to. */
  readonly destination?: SocketAddress
  /** In the order of the header. Version 1 has none. */
  readonly tlvs: readonly ProxyTlv[]
}

/**
 * Where {@link proxyProtocol} leaves the header for plugins and handlers.
 *
 * @example
 * const header = connection.attributes.get(PROXY_HEADER)
 * const alpn = header?.tlvs.find(({ type }) => type === 0x01)?.value
 */
export const PROXY_HEADER: AttributeKey<ProxyHeader> = attributeKey<ProxyHeader>('millrace/proxy-header')
