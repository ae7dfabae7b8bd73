import { type AttributeKey, attributeKey } from '@millrace/core'

/** What has not happened: nothing was read, nothing was written, or neither. */
export type IdleKind = 'read' | 'write' | 'either'

/** A connection has been silent. */
export interface IdleEvent {
  readonly type: 'idle'
  readonly kind: IdleKind
  /** In ms: for how long, at least. */
  readonly duration: number
  /** How many times in this silence, 1 for the first. */
  readonly count: number
}

/** Where plugins and the handler of one connection hear of its silences; under {@link IDLE}. */
export class IdleEvents {
  readonly #listeners: Set<(event: IdleEvent) => void> = new Set()

  /**
   * Calls back at each silence. What the callback throws ends the connection, as a failure of the plugin `idle`.
   *
   * @returns stops it; idempotent. It ends with the connection by itself.
   */
  listen(callback: (event: IdleEvent) => void): () => void {
    const listener = (event: IdleEvent): void => callback(event)
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** @internal */
  tell(event: IdleEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }
}

/**
 * Where {@link idle} leaves what tells of silences.
 *
 * @example
 * connection.attributes.get(IDLE)?.listen(() => connection.write(ping))
 */
export const IDLE: AttributeKey<IdleEvents> = attributeKey<IdleEvents>('millrace/idle')
