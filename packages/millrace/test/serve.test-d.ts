// Checked by the compiler alone: what stands here compiles, and what is marked as an error is one.
import { type Frame, handle, lengthPrefixed, lines, pipeline, respond, serve, type ServeOptions, type Serving, text } from '../src/index.ts'

type Bytes = Uint8Array
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles where the type is `true`. */
const holds = <_T extends true>(): void => {}

const answer = respond((question: Bytes) => question)
const framed = pipeline(lengthPrefixed({ bytes: 2 }), handle<Frame, Bytes>(() => {}))
const alone = pipeline(answer)
const strings = pipeline(lines(), text(), handle<string, string>(() => {}))
const prefixedStrings = pipeline(lengthPrefixed(), text(), handle<string, string>(() => {}))

export const made = {
  one: () => serve(strings, { tcp: {} }),
  own: () => serve(strings, { tcp: {}, udp: { pipeline: prefixedStrings } }),
  // What is read on any of the listeners is bytes; on one of them they are frames.
  wider: () => serve(framed, { tcp: {}, udp: { pipeline: alone } }),
  given: (options: ServeOptions) => serve(strings, options),
}
type Made = { readonly [Name in keyof typeof made]: Awaited<ReturnType<(typeof made)[Name]>> }

holds<Equal<Made['one'], Serving<string, string>>>()
holds<Equal<Made['own'], Serving<string, string>>>()
holds<Equal<Made['wider'], Serving<Bytes, Bytes>>>()
holds<Equal<Made['given'], Serving<string, string>>>()

export const refused = {
  // @ts-expect-error one listener is for strings, the other for bytes
  otherMessages: () => serve(strings, { tcp: {}, udp: { pipeline: alone } }),
  // @ts-expect-error no handler at its end
  open: () => serve(strings, { tcp: {}, udp: { pipeline: pipeline(lines(), text()) } }),
}
