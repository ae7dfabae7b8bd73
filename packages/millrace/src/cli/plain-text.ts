const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const escape = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`

/**
 * Text as one line that can steer no terminal: controls, line ends, direction overrides and the like are written as escapes.
 *
 * @param limit - in characters; what is over is cut off.
 */
export function plainText(text: string, limit = 1_000): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text
  return cut.replaceAll(STEERING, escape)
}

/** `maxReplyRatio` is `max-reply-ratio`, `multicastTTL` is `multicast-ttl`. */
export function toKebabCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()
}

/** `tcp`, `tcp and unix`, `tcp, udp and unix`. */
export function inWords(names: readonly string[], conjunction = 'and'): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${conjunction} ${last}`
}
