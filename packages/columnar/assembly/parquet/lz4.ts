/* LZ4 block format (github.com/lz4/lz4, lz4_Block_format.md), decompression. */

/** @returns bytes written, or -1 if the block is corrupt or does not fit `limit` */
export function parquetLz4Uncompress(source: usize, length: u32, target: usize, limit: u32): i32 {
  let ip = source
  const end = source + length
  let op = target
  const stop = target + limit
  while (ip < end) {
    const token = <u32>load<u8>(ip++)
    let literals = token >> 4
    if (literals == 15) {
      let byte: u32
      do {
        if (ip >= end) return -1
        byte = <u32>load<u8>(ip++)
        literals += byte
      } while (byte == 255)
    }
    if (literals > <u32>(end - ip) || literals > <u32>(stop - op)) return -1
    memory.copy(op, ip, literals)
    op += literals
    ip += literals
    if (ip >= end) break
    if (<u32>(end - ip) < 2) return -1
    const offset = <u32>load<u16>(ip)
    ip += 2
    let size = (token & 15) + 4
    if ((token & 15) == 15) {
      let byte: u32
      do {
        if (ip >= end) return -1
        byte = <u32>load<u8>(ip++)
        size += byte
      } while (byte == 255)
    }
    if (offset == 0 || offset > <u32>(op - target) || size > <u32>(stop - op)) return -1
    const from = op - offset
    if (offset >= size) memory.copy(op, from, size)
    else for (let i: u32 = 0; i < size; i++) store<u8>(op + i, load<u8>(from + i))
    op += size
  }
  return <i32>(op - target)
}
