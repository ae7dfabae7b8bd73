import type { ConfiguredPlugin } from '../container/configured-plugin.ts'
import type { Handler } from './handle.ts'

/** The state of the types between two plugins: what comes down, and what may be sent up. */
type Joint = readonly [down: unknown, up: unknown]

/** What a joint that does not fit is shown as: read its one property. */
export interface WrongJoint<Message extends string, Given, Taken> {
  readonly 'these plugins do not fit': Message
  readonly given: Given
  readonly taken: Taken
}

type AnyConfigured = ConfiguredPlugin<never, unknown, never, unknown>

/** A plugin that passes on the very type it got, such as logging: its own types are only a bound. */
interface Passing<Bound> extends ConfiguredPlugin<Bound, unknown, never, unknown, 'same'> {}

/** A handler that sends back what reached it, such as echo. */
interface Returning {
  readonly returns: 'same'
}

type After<Plugin, At extends Joint> =
  Plugin extends Passing<never> ? At
  : Plugin extends ConfiguredPlugin<never, infer MessageIn, infer MessageOut, unknown> ? [MessageIn, MessageOut]
  : never

type JointError<Plugin, At extends Joint> =
  Plugin extends Returning ?
    At[0] extends At[1] ? never
    : WrongJoint<'echo sends back what it gets, but the plugin before it cannot encode that', At[0], At[1]>
  : Plugin extends ConfiguredPlugin<infer WireIn, unknown, never, infer WireOut> ?
    [At[0]] extends [WireIn] ?
      Plugin extends Passing<never> ? never
      : [WireOut] extends [At[1]] ? never
      : WrongJoint<'what this plugin sends towards the peer, the one before it does not take', WireOut, At[1]>
    : WrongJoint<'what comes from the plugin before, this one does not take', At[0], WireIn>
  : WrongJoint<'this is no plugin', Plugin, AnyConfigured>

type Check<Plugins extends readonly unknown[], At extends Joint> =
  Plugins extends readonly [infer First, ...infer Rest] ?
    [JointError<First, At>] extends [never] ?
      [First, ...Check<Rest, After<First, At>>]
    : [JointError<First, At>, ...Rest]
  : []

type End<Plugins extends readonly unknown[], At extends Joint> =
  Plugins extends readonly [infer First, ...infer Rest] ? End<Rest, After<First, At>> : At

/** At the wire both directions are bytes. */
type Wire = readonly [Uint8Array, Uint8Array]

/** The plugins themselves where every joint fits, and in the place of the first that does not a {@link WrongJoint}. */
export type CheckedJoints<Plugins extends readonly unknown[]> = number extends Plugins['length'] ? Plugins : Check<Plugins, Wire>

type BeforeHandler<Plugins extends readonly unknown[]> =
  Plugins extends readonly [...infer Before, infer Last] ?
    Last extends { readonly description: { readonly produces: 'nothing' } } ? Before : Plugins
  : Plugins

/** What is read and what is written at the handler's end. */
export type MessageTypes<Plugins extends readonly unknown[]> =
  number extends Plugins['length'] ? readonly [unknown, never] : End<BeforeHandler<Plugins>, Wire>

/** Whether the last plugin is a handler. */
export type ServesAtEnd<Plugins extends readonly unknown[]> =
  number extends Plugins['length'] ? boolean
  : Plugins extends readonly [...unknown[], { readonly description: { readonly produces: 'nothing' } }] ? true
  : false

/** One of several plugins, if its joint fits: the plugin itself, by which the compiler infers it, and what it must be there. */
export type PluginAt<Plugins extends readonly unknown[], Index extends number> = Plugins[Index] &
  CheckedJoints<Plugins>[Index & keyof CheckedJoints<Plugins>]

/**
 * The handler that fits behind plugins. It is told from one such as echo, whose types follow from the plugins by themselves: {@link
 * CheckedJoints} looks at that.
 */
export type EndAfter<Plugins extends readonly unknown[]> = Handler<MessageTypes<Plugins>[0], MessageTypes<Plugins>[1]> & {
  readonly returns?: never
}
