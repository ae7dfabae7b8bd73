// Lines of JSON that hold what a peer has said.

/** What JSON leaves as it is, and a terminal or another reader of lines may take for a command or a line's end. */
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/**
 * A value as one line, whatever is in it: no sender can forge another's line, or steer the terminal that shows it. What is
 * read from it is what was written.
 */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replace(STEERING, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
