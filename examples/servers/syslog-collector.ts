// A syslog collector: RFC 3164 and 5424, over UDP and TCP, counted or in lines. Writes a line of JSON for each message.
import { once } from 'node:events'
import { createTcpServer, createUdpServer, pipeline, respond, type ServerEvent, text } from 'millrace'
import { type Address, listenOn, runDirectly, type Running } from './shared/running.ts'
import { syslogFraming } from './syslog/framing.ts'
import { parseSyslog, type SyslogMessage } from './syslog/parse.ts'

/** A message and where it came from. */
export interface Collected extends SyslogMessage {
  readonly from: string
}

/** Options of {@link startSyslogCollector}. */
export interface CollectorOptions extends Address {
  /**
   * Takes a message. While its promise is pending, a TCP sender's connection is not read: it has to wait. Over UDP
   * 1,024 messages wait, and further ones are dropped.
   */
  readonly collect: (message: Collected) => Promise<void> | void
  /** What could not be taken is an event: `frame-dropped`, or `connection-closed` with an error. */
  readonly onEvent?: (event: ServerEvent) => void
  /** The longest message, in bytes. Default 8 KiB. */
  readonly maxLength?: number
}

/** Senders keep their connections; one that is gone without a word is found by the system's probes. */
const TCP = { idleTimeout: 0, keepAlive: true, keepAliveInitialDelay: 60_000 }
/** No sessions: a collector has nothing to say to a sender, and forged senders must cost nothing. */
const UDP = { stateless: true }

/**
 * Collects over TCP and UDP, on one port. A message that fits neither format is all text; one that is too long ends its
 * connection, or costs its datagram.
 *
 * @example
 * const collector = await startSyslogCollector({ port: 10_514, collect: ({ host, text }) => console.log(host, text) })
 * process.once('SIGTERM', () => void collector.close())
 */
export function startSyslogCollector({ collect, onEvent, maxLength, ...address }: CollectorOptions): Promise<Running> {
  const collector = pipeline(
    syslogFraming({ maxLength }),
    // A bad byte must not cost the message that it is in.
    text({ invalid: 'replace' }),
    respond((message, { remoteAddress }): Promise<void> | void =>
      collect({ from: remoteAddress.address, ...parseSyslog(message) }),
    ),
  )
  const servers = [createTcpServer(collector, TCP), createUdpServer(collector, UDP)] as const
  for (const { events$ } of servers) events$.subscribe(onEvent)
  return listenOn(address, ...servers)
}

/** One line each, whatever is in a message: JSON has no line feeds, so no sender can forge another's line. */
async function print(message: Collected): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(message)}\n`)) await once(process.stdout, 'drain')
}

await runDirectly(import.meta.url, (address) => startSyslogCollector({ ...address, collect: print }), {
  port: 10_514,
  hint: (port) => `logger -n 127.0.0.1 -P ${port} -T --octet-count --rfc5424 -t demo 'over TCP'`,
})
