declare const frame: unique symbol

/**
 * A `Uint8Array` that is one whole frame, no more and no less. Framers emit it and message codecs ask for it, so that the
 * compiler refuses a codec fed with arbitrary chunks. At run time it is a plain `Uint8Array`.
 */
export type Frame = Uint8Array & { readonly [frame]: true }

/** States that these bytes are one whole frame. For framers, which know. */
export function asFrame(bytes: Uint8Array): Frame {
  return bytes as Frame
}
