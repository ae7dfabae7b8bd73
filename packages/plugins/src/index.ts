/**
 * The plugins that come with Millrace: `logging`, `chunker`, `uppercaser`, the handlers `echo` and `discard`, codecs that cut
 * bytes into frames (`lines`, `delimiter`, `fixedLength`, `lengthPrefixed`, `varintPrefixed`, `netstring`, `slip`, `cobs`), and
 * codecs of what is in them (`json`, `jsonLines`, `msgpack`, `text`). And guards: `ipFilter`, `connectionGuard`, `rateLimit`,
 * `frameTimeout`, `proxyProtocol`, `idle`, `compress`, `tee`, `pcap`, `faults`, and `requestReply` for clients.
 *
 * @example
 * const shout = pipeline(logging(), lines({ maxLength: 4096 }), uppercaser(), echo())
 *
 * @packageDocumentation
 */
export { Chunker, chunker, type ChunkerFactory, type ChunkerOptions } from './chunker.ts'
export type { LogLevel } from './log-lines.ts'
export { Discard, discard, type DiscardFactory } from './discard.ts'
export { Echo, echo, type EchoFactory, type EchoPlugin } from './echo.ts'
export { cobs, type CobsOptions } from './framing/cobs.ts'
export { Delimiter, delimiter, type DelimiterOptions } from './framing/delimiter.ts'
export { fixedLength, type FixedLengthOptions } from './framing/fixed-length.ts'
export type { FrameDiscarded, FramerFactory } from './framing/framer-factory.ts'
export { lengthPrefixed, type LengthPrefixedOptions } from './framing/length-prefixed.ts'
export { lines, type LinesOptions } from './framing/lines.ts'
export { netstring, type NetstringOptions } from './framing/netstring.ts'
export { slip, type SlipOptions } from './framing/slip.ts'
export { varintPrefixed, type VarintPrefixedOptions } from './framing/varint-prefixed.ts'
export type { AddressRanges } from './guards/address-list.ts'
export { Compress, compress, type CompressFactory, type CompressOptions } from './guards/compress.ts'
export type { CompressionName } from './guards/compression-format.ts'
export { ConnectionGuard, connectionGuard, type ConnectionGuardOptions } from './guards/connection-guard.ts'
export { Faults, faults, type FaultsMade, type FaultsOptions } from './guards/faults.ts'
export { FrameTimeout, frameTimeout, type FrameTimeoutFactory, type FrameTimeoutOptions } from './guards/frame-timeout.ts'
export type { GuardFactory, PassingPlugin } from './guards/guard-factory.ts'
export { IDLE, type IdleEvent, IdleEvents, type IdleKind } from './guards/idle-events.ts'
export { Idle, idle, type IdleOptions } from './guards/idle.ts'
export { IpFilter, ipFilter, type IpFilterOptions } from './guards/ip-filter.ts'
export { Pcap, pcap, type PcapFactory, type PcapIncomplete, type PcapOptions } from './guards/pcap.ts'
export { PROXY_HEADER, type ProxyHeader, type ProxyTlv } from './guards/proxy-header.ts'
export { ProxyProtocol, proxyProtocol, type ProxyProtocolFactory, type ProxyProtocolOptions } from './guards/proxy-protocol.ts'
export { RateLimit, rateLimit, type RateLimitOptions } from './guards/rate-limit.ts'
export {
  REQUEST_REPLY_OPTIONS,
  type RequestOptions,
  type RequestReply,
  requestReply,
  type RequestReplyOptions,
} from './guards/request-reply.ts'
export type { TeeCopy, TeeTarget } from './guards/tee-outlet.ts'
export { Tee, tee, type TeeIncomplete, type TeeOptions } from './guards/tee.ts'
export { Logging, logging, type LoggingFactory, type LoggingOptions } from './logging.ts'
export { jsonLines, type JsonLinesFactory, type JsonLinesOptions } from './messages/json-lines.ts'
export { json, type JsonFactory, type JsonOptions } from './messages/json.ts'
export { msgpack, type MsgpackFactory, type MsgpackOptions } from './messages/msgpack.ts'
export { text, type TextCodec, type TextFactory, type TextOptions } from './messages/text.ts'
export type { Redact } from './payload-writer.ts'
export { plugins } from './plugins.ts'
export { Uppercaser, uppercaser, type UppercaserFactory, type UppercaserOptions } from './uppercaser.ts'
