/**
 * The plugins that come with Millrace: `logging`, `chunker`, `uppercaser`, the handlers `echo` and `discard`, codecs that cut
 * bytes into frames (`lines`, `delimiter`, `fixedLength`, `lengthPrefixed`, `varintPrefixed`, `netstring`, `slip`, `cobs`), and
 * codecs of what is in them (`json`, `jsonLines`, `msgpack`, `text`).
 *
 * @example
 * const shout = pipeline(logging(), lines({ maxLength: 4096 }), uppercaser(), echo())
 *
 * @packageDocumentation
 */
export { Chunker, chunker, type ChunkerFactory, type ChunkerOptions } from './chunker.ts'
export type { LogLevel } from './connection-log.ts'
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
export { Logging, logging, type LoggingFactory, type LoggingOptions } from './logging.ts'
export { jsonLines, type JsonLinesFactory, type JsonLinesOptions } from './messages/json-lines.ts'
export { json, type JsonFactory, type JsonOptions } from './messages/json.ts'
export { msgpack, type MsgpackFactory, type MsgpackOptions } from './messages/msgpack.ts'
export { text, type TextCodec, type TextFactory, type TextOptions } from './messages/text.ts'
export type { Redact } from './payload-writer.ts'
export { plugins } from './plugins.ts'
export { Uppercaser, uppercaser, type UppercaserFactory, type UppercaserOptions } from './uppercaser.ts'
