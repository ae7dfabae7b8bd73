import { definePlugin, type Emit, type PluginContext, type UpgradeOptions } from '@millrace/core'
import { authority, server as credentials } from './certificates.ts'

type None = Record<never, never>

/** Lines that end with CRLF, as text. Forgets half a line when it is told to. */
export const lines = definePlugin<Uint8Array, string, string, Uint8Array, None, None, 'message'>({
  name: 'lines',
  produces: 'message',
  open: () => {
    let half = ''
    return {
      inbound: {
        push: (chunk, emit) => {
          const whole = (half + Buffer.from(chunk).toString('latin1')).split('\r\n')
          half = whole.pop() ?? ''
          for (const line of whole) emit(line)
        },
        reset: () => {
          half = ''
        },
      },
      outbound: { push: (line, emit) => emit(Buffer.from(`${line}\r\n`, 'latin1')) },
    }
  },
})

/** What a plugin of {@link upgrading} does with a line; what it does not take goes on. */
type OnLine = (line: string, context: PluginContext) => boolean

const upgrading = (name: string, onLine: OnLine, onOpen: (context: PluginContext) => void = () => {}) =>
  definePlugin<string, string, string, string, None, None, 'message'>({
    name,
    produces: 'message',
    accepts: 'message',
    open: (context) => {
      onOpen(context)
      const push = (line: string, emit: Emit<string>): void => {
        if (!onLine(line, context)) emit(line)
      }
      return { inbound: { push } }
    },
  })()

/** One object for all connections, so that the certificate is read once. */
export const SERVER: UpgradeOptions = { side: 'server', tls: credentials }
const CLIENT: UpgradeOptions = { side: 'client', tls: { ca: authority, servername: 'localhost' } }

/** The server's side of a protocol of lines: `STARTTLS` is answered, and what comes then is TLS; `STARTTLS SOON` from a timer. */
export function startTls(options: UpgradeOptions = SERVER, onSettled: (outcome: unknown) => void = () => {}) {
  const begin = ({ emitOutbound, upgrade }: PluginContext): void => {
    emitOutbound('220 go ahead')
    upgrade(options).then(onSettled, onSettled)
    // Written after the upgrade was asked for: never in the clear.
    emitOutbound('250 welcome')
  }
  return upgrading('starttls', (line, context) => {
    if (line === 'STARTTLS') begin(context)
    else if (line === 'STARTTLS SOON') context.clock.schedule(() => begin(context), 0)
    else return false
    return true
  })
}

/** The client's side: asks at once, and says `READY` when it is in TLS. */
export function askForTls(options: UpgradeOptions = CLIENT) {
  return upgrading(
    'ask-for-tls',
    (line, context) => {
      if (line !== '220 go ahead') return false
      context.upgrade(options).then(() => context.emitInbound('READY'), () => {})
      return true
    },
    // The stages are not joined yet while they open.
    ({ clock, emitOutbound }) => void clock.schedule(() => emitOutbound('STARTTLS'), 0),
  )
}
