/** One message, whichever of the two formats it had. What it did not say is not there. */
export interface SyslogMessage {
  readonly format: 'rfc5424' | 'rfc3164'
  readonly facility: number
  /** 0 is an emergency, 7 is for debugging. */
  readonly severity: number
  /** As it was sent: RFC 3164 has no year and no time zone. */
  readonly timestamp?: string
  readonly host?: string
  readonly app?: string
  readonly process?: string
  readonly id?: string
  /** Parameters by name, by the name of their element. */
  readonly data?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly text: string
}

const PRIORITY = /^<(0|[1-9]\d{0,2})>/
const HEAD_5424 = /^1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?=-|\[)/
const ELEMENT = /\[([^ =\]"]{1,32})((?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\.)*")*)\]/sy
const PARAMETER = / ([^ =\]"]{1,32})="((?:[^"\\\]]|\\.)*)"/gs
const HEAD_3164 = /^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?:([^\s:[]{1,255}) )?/
const TAG = /^([^\s:[\]]{1,48})(?:\[([^\]\s]{1,32})\])?: ?/

type Priority = Pick<SyslogMessage, 'facility' | 'severity'>
const priorityOf = (value: number): Priority => ({ facility: value >> 3, severity: value & 7 })
/** What a message is that has none, or none that there is: a notice of a user's (RFC 3164, 4.3.3). */
const USER_NOTICE = 13
const HIGHEST = 191

/**
 * Takes a message apart. Nothing is refused: what fits neither format is all text, as RFC 3164 has it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5424#section-6 and https://www.rfc-editor.org/rfc/rfc3164#section-4
 */
export function parseSyslog(frame: string): SyslogMessage {
  const message = frame.replace(/[\n\r\0]{1,4}$/, '')
  const [whole = '', digits] = PRIORITY.exec(message) ?? []
  const value = Number(digits ?? NaN)
  if (!(value <= HIGHEST)) return { format: 'rfc3164', ...priorityOf(USER_NOTICE), text: message }
  const rest = message.slice(whole.length)
  return parse5424(priorityOf(value), rest) ?? parse3164(priorityOf(value), rest)
}

/** Only what was said: a dash stands for what was not. */
function said<T extends Readonly<Record<string, string | undefined>>>(fields: T): { [K in keyof T]?: string } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '-')
  return Object.fromEntries(entries) as { [K in keyof T]?: string }
}

function parse5424(priority: Priority, rest: string): SyslogMessage | undefined {
  const head = HEAD_5424.exec(rest)
  if (head === null) return undefined
  const [whole, timestamp, host, app, process, id] = head
  const found = readData(rest, whole.length)
  const behind = rest[found.end]
  if (behind !== undefined && behind !== ' ') return undefined
  // A byte order mark says that it is UTF-8, which is what it was read as.
  const text = rest.slice(found.end + 1).replace(/^\uFEFF/, '')
  const data = found.elements.length > 0 && { data: Object.fromEntries(found.elements) }
  return { format: 'rfc5424', ...priority, ...said({ timestamp, host, app, process, id }), ...data, text }
}

function readData(text: string, start: number): { elements: [string, Record<string, string>][]; end: number } {
  const elements: [string, Record<string, string>][] = []
  if (text[start] === '-') return { elements, end: start + 1 }
  let end = start
  for (;;) {
    ELEMENT.lastIndex = end
    const element = ELEMENT.exec(text)
    if (element === null) return { elements, end }
    const [whole, name = '', parameters = ''] = element
    const values = [...parameters.matchAll(PARAMETER)].map(([, key = '', value = '']) => [key, unescaped(value)])
    elements.push([name, Object.fromEntries(values) as Record<string, string>])
    end += whole.length
  }
}

const unescaped = (value: string): string => value.replace(/\\(["\\\]])/g, '$1')

function parse3164(priority: Priority, rest: string): SyslogMessage {
  const [head = '', timestamp, host] = HEAD_3164.exec(rest) ?? []
  const content = rest.slice(head.length)
  const [tag = '', app, process] = TAG.exec(content) ?? []
  return { format: 'rfc3164', ...priority, ...said({ timestamp, host, app, process }), text: content.slice(tag.length) }
}
