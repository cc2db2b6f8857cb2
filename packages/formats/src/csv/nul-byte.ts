/** Where the first NUL of a text is, or -1. A view of shared memory is searched many times faster as a `Buffer`. */
export const nulIn = (bytes: Uint8Array): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(0)
