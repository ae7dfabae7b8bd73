// A syslog collector: RFC 3164 and 5424, over UDP and TCP, counted or in lines. Writes a line of JSON for each message.
import { once } from 'node:events'
import { pipeline, respond, serve, type ServeOptions, type Serving, text } from 'millrace'
import { syslogFraming } from './syslog/framing.ts'
import { parseSyslog, type SyslogMessage } from './syslog/parse.ts'
import { runAlone } from './support/run-alone.ts'

/** A message and where it came from. */
export interface Collected extends SyslogMessage {
  readonly from: string
}

/** Options of {@link startSyslogCollector}. */
export interface CollectorOptions extends Pick<ServeOptions, 'tcp' | 'udp' | 'onEvent'> {
  /**
   * Takes a message. While its promise is pending, a TCP sender's connection is not read: it has to wait. Over UDP
   * 1,024 messages wait, and further ones are dropped.
   */
  readonly collect: (message: Collected) => Promise<void> | void
  /** The longest message, in bytes. Default 8 KiB. */
  readonly maxLength?: number
}

/** Senders keep their connections; one that is gone without a word is found by the system's probes. */
const TCP = { idleTimeout: 0, keepAlive: true, keepAliveInitialDelay: 60_000 }
/** No sessions: a collector has nothing to say to a sender, and forged senders must cost nothing. */
const UDP = { stateless: true }

/**
 * Collects over TCP, UDP or both. A message that fits neither format is all text; one that is too long ends its
 * connection, or costs its datagram, and is an event.
 */
export function startSyslogCollector({ tcp, udp, onEvent, collect, maxLength }: CollectorOptions): Promise<Serving> {
  const collector = pipeline(
    syslogFraming({ maxLength }),
    // A bad byte must not cost the message that it is in.
    text({ invalid: 'replace' }),
    respond((message, { remoteAddress }): Promise<void> | void =>
      collect({ from: remoteAddress.address, ...parseSyslog(message) }),
    ),
  )
  return serve(collector, { tcp: tcp && { ...TCP, ...tcp }, udp: udp && { ...UDP, ...udp }, onEvent })
}

/** One line each, whatever is in a message: JSON has no line feeds, so no sender can forge another's line. */
async function print(message: Collected): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(message)}\n`)) await once(process.stdout, 'drain')
}

await runAlone(import.meta.url, {
  port: 5514,
  start: (port) => startSyslogCollector({ tcp: { port }, udp: { port }, collect: print }),
  tries: (port) => [
    `logger -n 127.0.0.1 -P ${port} -T --octet-count --rfc5424 -t demo 'over TCP'`,
    `logger -n 127.0.0.1 -P ${port} -d --rfc3164 -t demo 'over UDP'`,
    `echo '<34>Oct 11 22:14:15 host su: by hand' | nc -N 127.0.0.1 ${port}`,
  ],
})
