let table: Uint32Array | null = null

function makeTable(): Uint32Array {
  const result = new Uint32Array(256)
  for (let i = 0; i < 256; i++) {
    let value = i
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    result[i] = value
  }
  return result
}

/** CRC-32 of zip and PNG (`zlib.crc32` came with Node 22). */
export function crc32(bytes: Uint8Array): number {
  table ??= makeTable()
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
