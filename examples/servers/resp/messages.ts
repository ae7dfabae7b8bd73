/** A command and its arguments; its name comes first. Nobody else holds the bytes. */
export type Command = readonly Uint8Array[]

/** The last request of a connection that broke the rules: answer it, and the connection closes behind the answer. */
export class Malformed {
  readonly rule: string

  constructor(rule: string) {
    this.rule = rule
  }
}

/** What a client sends. */
export type Request = Command | Malformed

/** An error as an answer, such as `ERR syntax error`. */
export class RespError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** What a server sends. A string is a status such as `OK`; bytes are a bulk string, and `null` is none. */
export type Reply = string | number | null | Uint8Array | RespError | readonly Reply[]
