// A syslog collector: RFC 3164 and 5424, over UDP, TCP and TLS, with lengths or in lines, written as lines of JSON.
import { once } from 'node:events'
import { pipeline, respond, serve, type ServerEvent, text } from 'millrace'
import { jsonLine } from './shared/json-line.ts'
import { runDirectly, type Running, runningOf, type SecureAddress } from './shared/running.ts'
import { syslogFraming } from './syslog/framing.ts'
import { parseSyslog, type SyslogMessage } from './syslog/parse.ts'

/** A message and where it came from. */
export interface Collected extends SyslogMessage {
  readonly from: string
}

/** Options of {@link startSyslogCollector}. */
export interface CollectorOptions extends SecureAddress {
  /**
   * Takes a message. While its promise is pending, a sender's connection over TCP or TLS is not read: it has to wait.
   * Over UDP 1,024 messages wait, and further ones are dropped.
   */
  readonly collect: (message: Collected) => Promise<void> | void
  /** What could not be taken is an event: `frame-dropped`, or `connection-closed` with an error. */
  readonly onEvent?: (event: ServerEvent) => void
  /** The longest message, in bytes. Default 8 KiB. */
  readonly maxLength?: number
}

/** Senders keep their connections; one that is gone without a word is found by the system's probes. */
const STREAM = { idleTimeout: 0, keepAlive: true, keepAliveInitialDelay: 60_000 }
/** No sessions: a collector has nothing to say to a sender, and forged senders must cost nothing. */
const UDP = { stateless: true }

/**
 * Collects over TCP and UDP, on one port, and over TLS on another (RFC 5425): there every message has its length before
 * it. A message that fits neither format is all text; one that is too long ends its
 * connection, or costs its datagram.
 *
 * @example
 * const collector = await startSyslogCollector({ port: 10_514, collect: ({ host, text }) => console.log(host, text) })
 * process.once('SIGTERM', () => void collector.close())
 */
export async function startSyslogCollector(options: CollectorOptions): Promise<Running> {
  const { collect, onEvent, maxLength, host, port, tls } = options
  // A bad byte must not cost the message that it is in.
  const strings = text({ invalid: 'replace' })
  const collector = respond((message: string, { remoteAddress }): Promise<void> | void =>
    collect({ from: remoteAddress.address, ...parseSyslog(message) }),
  )
  const counted = pipeline(syslogFraming({ maxLength, counted: true }), strings, collector)
  const serving = await serve(pipeline(syslogFraming({ maxLength }), strings, collector), {
    tcp: { host, port, ...STREAM },
    tls: tls && { host, pipeline: counted, ...STREAM, ...tls },
    udp: { host, ...UDP },
    onEvent,
  })
  return runningOf(serving)
}

async function print(message: Collected): Promise<void> {
  if (!process.stdout.write(`${jsonLine(message)}\n`)) await once(process.stdout, 'drain')
}

await runDirectly(import.meta.url, (address) => startSyslogCollector({ ...address, collect: print }), {
  port: 10_514,
  hint: (port) => `logger -n 127.0.0.1 -P ${port} -T --octet-count --rfc5424 -t demo 'over TCP'`,
  tlsHint: (port) => `printf '8 <34>text' | openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:${port}`,
})
