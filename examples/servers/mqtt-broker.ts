// An MQTT 3.1.1 broker: QoS 0 and 1, retained messages, wildcards, last wills, sessions that outlive a connection; TLS.
import { type DependencyContainer, handle, pipeline, serve } from 'millrace'
import { keepAlive, mqtt, type Packet } from './shared/mqtt.ts'
import { acknowledge, Broker, FAILURE, MAX_SESSIONS, send } from './shared/mqtt-sessions.ts'
import type { Client, Connect, Message, Session } from './shared/mqtt-sessions.ts'
import { isTopic } from './shared/mqtt-topics.ts'
import { runDirectly, type Running, runningOf, type SecureAddress } from './shared/running.ts'

/** CONNACK: why a client is not taken on (3.2.2.3). */
const REFUSED = { version: 1, identifier: 2 } as const

function refusal({ protocolVersion, clientId, clean }: Connect): number | undefined {
  if (protocolVersion !== 4) return REFUSED.version
  return clientId === '' && !clean ? REFUSED.identifier : undefined
}

/** A client that breaks the protocol is cut off by what this throws; its last will is published then, too. */
const clientsOf = (broker: Broker): ((client: Client) => Promise<void>) => async (client) => {
  let session: Session | undefined
  let will: Message | undefined
  function publish(message: Message): void {
    if (!isTopic(message.topic) || message.qos > 1) throw new Error('a topic or a QoS that is not served')
    broker.publish(message)
  }
  function take(packet: Packet, of: Session): void {
    switch (packet.cmd) {
      case 'publish':
        publish(packet)
        if (packet.qos === 1) client.write({ cmd: 'puback', messageId: packet.messageId as number })
        break
      case 'puback':
        acknowledge(of, packet.messageId as number)
        break
      case 'subscribe': {
        if (packet.subscriptions.length === 0) throw new Error('a subscription to nothing')
        const granted = packet.subscriptions.map(({ topic, qos }) => [topic, broker.subscribe(of, topic, qos)] as const)
        client.write({ cmd: 'suback', messageId: packet.messageId as number, granted: granted.map(([, qos]) => qos) })
        for (const [filter, qos] of granted) if (qos !== FAILURE) broker.sendRetained(of, filter, qos)
        break
      }
      case 'unsubscribe':
        for (const filter of packet.unsubscriptions) of.subscriptions.delete(filter)
        client.write({ cmd: 'unsuback', messageId: packet.messageId as number, granted: [] })
        break
      case 'pingreq':
        client.write({ cmd: 'pingresp' })
        break
      default:
        throw new Error(`${packet.cmd} is not for a broker`)
    }
  }
  try {
    for await (const packet of client) {
      if (packet.cmd === 'disconnect') {
        will = undefined
        return
      }
      if (session) {
        take(packet, session)
        continue
      }
      if (packet.cmd !== 'connect') throw new Error('the first packet must be CONNECT')
      const returnCode = refusal(packet) ?? 0
      if (returnCode > 0) return void client.write({ cmd: 'connack', returnCode, sessionPresent: false })
      const [own, sessionPresent] = broker.connect(client, packet)
      session = own
      if (packet.will) will = { qos: 0, retain: false, ...packet.will }
      client.write({ cmd: 'connack', returnCode, sessionPresent })
      for (const waiting of own.waiting.values()) send(own, { ...waiting, dup: true })
    }
  } finally {
    if (session) broker.disconnect(session, client)
    if (will && isTopic(will.topic)) broker.publish({ ...will, qos: Math.min(will.qos, 1) })
  }
}

export interface MqttOptions extends SecureAddress {
  /** Where the clock comes from. */
  readonly container?: DependencyContainer
}

/** Clients say themselves how long they may be silent; those that say nothing of it are asked by TCP. */
const LIMITS = { idleTimeout: 0, keepAlive: true, maxConnections: MAX_SESSIONS }

/** Starts it: one broker, on TCP and over TLS. */
export async function startMqtt({ container, host, port, tls }: MqttOptions = {}): Promise<Running> {
  const serving = await serve(pipeline(mqtt(), keepAlive(), handle<Packet, Packet>(clientsOf(new Broker()))), {
    tcp: { host, port, ...LIMITS },
    tls: tls && { host, ...LIMITS, ...tls },
    container,
  })
  return runningOf(serving)
}

const hint = (port: number): string => `mosquitto_sub -p ${port} -t 'mill/#' -v`
const tlsHint = (port: number): string => `mosquitto_sub -p ${port} --cafile AUTHORITY.pem -t 'mill/#' -v`
await runDirectly(import.meta.url, startMqtt, { port: 10_883, hint, tlsHint })
