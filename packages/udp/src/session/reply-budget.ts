/**
 * What may be sent to a peer that has not proven that it is where its datagrams claim to come from. The source address
 * of a datagram is easily forged: a server that answers with more than it was sent is an amplifier for whoever forges
 * it.
 *
 * Each datagram received adds to the budget, each one sent takes from it, for as long as the session lasts.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-8.1 RFC 9000, 8.1}
 */
export class ReplyBudget {
  readonly #ratio: number
  readonly #datagramsPerDatagram: number
  #bytes = 0
  #datagrams = 0
  #lifted = false

  /**
   * @param ratio - bytes out to bytes in; `Infinity` for no bound.
   * @param datagramsPerDatagram - datagrams out to datagrams in; `Infinity` for no bound.
   */
  constructor(ratio: number, datagramsPerDatagram: number) {
    this.#ratio = ratio
    this.#datagramsPerDatagram = datagramsPerDatagram
  }

  /** Whether the peer is proven. */
  get lifted(): boolean {
    return this.#lifted
  }

  /** The peer is proven: no bound from now on. */
  lift(): void {
    this.#lifted = true
  }

  /** A datagram of so many bytes came from the peer. */
  credit(bytes: number): void {
    // Without the condition an empty datagram would add 0 times Infinity, which is no number.
    if (bytes > 0) this.#bytes += bytes * this.#ratio
    this.#datagrams += this.#datagramsPerDatagram
  }

  /** Takes a datagram of so many bytes from the budget, or takes nothing and says which bound it is over. */
  spend(bytes: number): 'reply-datagrams' | 'reply-ratio' | undefined {
    if (this.#lifted) return undefined
    if (this.#datagrams < 1) return 'reply-datagrams'
    if (bytes > this.#bytes) return 'reply-ratio'
    this.#datagrams--
    this.#bytes -= bytes
    return undefined
  }
}
