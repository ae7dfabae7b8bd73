// Names of MQTT's topics, and the filters that match them (3.1.1, 4.7).

/** In UTF-16 units: every message is held to every filter. */
const LONGEST = 512

export const isTopic = (topic: string): boolean =>
  topic !== '' && topic.length <= LONGEST && !/[+#\0]/.test(topic)

/** `+` is a whole level, `#` the last one. */
export function isFilter(filter: string): boolean {
  const levels = filter.split('/')
  const isLevel = (level: string, i: number): boolean =>
    level === '+' || (level === '#' && i === levels.length - 1) || !/[+#\0]/.test(level)
  return filter !== '' && filter.length <= LONGEST && levels.every(isLevel)
}

/** Whether a filter is for a topic. One that begins with `$` is not meant by a wildcard that comes first. */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  const wanted = filter.split('/')
  const levels = topic.split('/')
  const isOpen = wanted.at(-1) === '#'
  if (isOpen) wanted.pop()
  // What is above an open end belongs to it: `a/#` is for `a`, too.
  if (isOpen ? levels.length < wanted.length : levels.length !== wanted.length) return false
  return wanted.every((level, i) => level === '+' || level === levels[i])
}
