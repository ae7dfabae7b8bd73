// The declarations of @msgpack/msgpack speak of this type of the DOM's, which Node's do not have.
declare global {
  type BufferSource = ArrayBufferView | ArrayBuffer
}

export {}
