// Checked by the compiler alone: what stands here compiles, and what is marked as an error is one.
import { type Frame, handle, type Pipeline, pipeline, respond } from '@millrace/core'
import * as v from 'valibot'
import { z } from 'zod'
import {
  chunker,
  delimiter,
  echo,
  json,
  jsonLines,
  lengthPrefixed,
  lines,
  logging,
  msgpack,
  text,
  uppercaser,
  varintPrefixed,
} from '../src/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles where the type is `true`. */
const holds = <_T extends true>(): void => {}

const reading = z.object({ sensor: z.string(), at: z.string().transform((text) => new Date(text)) })
const alarm = v.object({ sensor: v.string(), above: v.number() })
type Reading = z.infer<typeof reading>
type Alarm = v.InferInput<typeof alarm>

// A pipeline knows its messages.
holds<Equal<ReturnType<typeof framed>, Pipeline<Frame, Uint8Array, false>>>()
const framed = () => pipeline(lines())
holds<Equal<ReturnType<typeof unknowns>, Pipeline<unknown, unknown, false>>>()
const unknowns = () => pipeline(lines(), json())
holds<Equal<ReturnType<typeof readings>, Pipeline<Reading, Alarm, false>>>()
const readings = () => pipeline(lengthPrefixed(), json({ schema: reading, outboundSchema: alarm }))
holds<Equal<ReturnType<typeof served>, Pipeline<Reading, unknown, true>>>()
const served = () => pipeline(lines(), json({ schema: reading }), handle<Reading, Alarm>(async () => {}))
holds<Equal<ReturnType<typeof answered>, Pipeline<Reading, Alarm, true>>>()
const answered = () =>
  pipeline(
    logging(),
    lines(),
    json({ schema: reading, outboundSchema: alarm }),
    respond(({ sensor }: Reading) => ({ sensor, above: 30 })),
  )
holds<Equal<ReturnType<typeof words>, Pipeline<string, string, false>>>()
const words = () => pipeline(lines(), text())
holds<Equal<ReturnType<typeof stream>, Pipeline<string, string, true>>>()
const stream = () => pipeline(text({ stream: true }), echo())
holds<Equal<ReturnType<typeof packed>, Pipeline<Reading, unknown, false>>>()
const packed = () => pipeline(varintPrefixed(), msgpack({ schema: reading }))
holds<Equal<ReturnType<typeof inLines>, Pipeline<Reading, Alarm, false>>>()
const inLines = () => pipeline(jsonLines({ schema: reading, outboundSchema: alarm }))
holds<Equal<ReturnType<typeof shouted>, Pipeline<Frame, Uint8Array, true>>>()
const shouted = () => pipeline(delimiter({ by: ';' }), uppercaser(), echo())

// The function at the end need not say what its messages are.
holds<Equal<ReturnType<typeof handled>, Pipeline<Reading, Alarm, true>>>()
const handled = () =>
  pipeline(
    lines(),
    json({ schema: reading, outboundSchema: alarm }),
    handle(async (connection) => {
      for await (const message of connection) {
        holds<Equal<typeof message, Reading>>()
        connection.write({ sensor: message.sensor, above: message.at.getTime() })
        // @ts-expect-error -- this is no alarm
        connection.write(message)
      }
    }),
  )
holds<Equal<ReturnType<typeof greeted>, Pipeline<string, string, true>>>()
const greeted = () =>
  pipeline(
    logging(),
    lines(),
    logging(),
    text(),
    respond((name) => {
      holds<Equal<typeof name, string>>()
      return `hello ${name}`
    }),
  )

export const wrong = (): void => {
  // @ts-expect-error -- what is answered is no alarm
  pipeline(jsonLines({ schema: reading, outboundSchema: alarm }), respond(({ sensor }) => ({ sensor })))
  // @ts-expect-error -- json asks for frames, and the connection gives chunks
  pipeline(json(), echo())
  // @ts-expect-error -- what chunker gives is bytes again
  pipeline(lines(), chunker(), json(), echo())
  // @ts-expect-error -- a handler for something else
  pipeline(lines(), json({ schema: reading }), handle<{ celsius: number }, unknown>(async () => {}))
  // @ts-expect-error -- what the handler sends is no alarm
  pipeline(lines(), json({ schema: reading, outboundSchema: alarm }), handle<Reading, Reading>(async () => {}))
  // @ts-expect-error -- readings cannot be sent where alarms are
  pipeline(lines(), json({ schema: reading, outboundSchema: alarm }), echo())
  // @ts-expect-error -- text asks for frames, where it is not told that it stands on a stream
  pipeline(text(), echo())
  // @ts-expect-error -- text is no bytes
  pipeline(lines(), text(), json(), echo())
  // @ts-expect-error -- json lines bring their own framing
  pipeline(jsonLines(), json(), echo())
  // @ts-expect-error -- there is no such option
  lines({ maxLenght: 1 })
  // @ts-expect-error -- this is no schema
  json({ schema: (value: unknown) => value })
}
