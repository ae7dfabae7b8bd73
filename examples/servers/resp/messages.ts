/** A command and its arguments; its name comes first. Nobody else holds the bytes. */
export type Command = readonly Uint8Array[]

/** An error as an answer, such as `ERR syntax error`. */
export class RespError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** What a server sends. A string is a status such as `OK`; bytes are a bulk string, and `null` is none. */
export type Reply = string | number | null | Uint8Array | RespError | readonly Reply[]
