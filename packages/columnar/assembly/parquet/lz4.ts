/* LZ4 block format (github.com/lz4/lz4, lz4_Block_format.md), decompression. */

/** @returns bytes written, or -1 if the block is corrupt or does not fit `limit` */
export function parquetLz4Uncompress(source: usize, length: u32, target: usize, limit: u32): i32 {
  return uncompress(source, length, target, target, limit)
}

function uncompress(source: usize, length: u32, start: usize, target: usize, limit: u32): i32 {
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
    if (offset == 0 || offset > <u32>(op - start) || size > <u32>(stop - op)) return -1
    const from = op - offset
    if (offset >= size) memory.copy(op, from, size)
    else for (let i: u32 = 0; i < size; i++) store<u8>(op + i, load<u8>(from + i))
    op += size
  }
  return <i32>(op - target)
}

/**
 * A block of an LZ4 frame whose blocks may refer to those before it (`start` is where the frame's output begins).
 * @returns bytes written, or -1 if the block is corrupt or does not fit `limit`
 */
export function lz4UncompressLinked(source: usize, length: u32, start: usize, target: usize, limit: u32): i32 {
  return uncompress(source, length, start, target, limit)
}

function hashOf(word: u32): u32 {
  return (word * 2654435761) >> 20
}

/** Extra bytes of a length that does not fit its nibble. */
function writeLength(op: usize, length: u32): usize {
  let rest = length
  while (rest >= 255) {
    store<u8>(op++, 255)
    rest -= 255
  }
  store<u8>(op, <u8>rest)
  return op + 1
}

/** A sequence: literals, and a match of `size` (0: the last one has none). */
function writeSequence(op: usize, literals: usize, count: u32, offset: u32, size: u32): usize {
  const matchCode: u32 = size == 0 ? 0 : size - 4
  store<u8>(op++, <u8>((min<u32>(count, 15) << 4) | min<u32>(matchCode, 15)))
  if (count >= 15) op = writeLength(op, count - 15)
  memory.copy(op, literals, count)
  op += count
  if (size == 0) return op
  store<u16>(op, <u16>offset)
  op += 2
  return matchCode >= 15 ? writeLength(op, matchCode - 15) : op
}

/**
 * Compresses a block of its own. `table` is room for 16 KiB; `target` for length + length / 255 + 64 bytes.
 * The last five bytes are literals and the last match begins twelve before the end, as the format asks.
 * @returns bytes written
 */
export function lz4Compress(source: usize, length: u32, target: usize, table: usize): u32 {
  let op = target
  let emitted = source
  const end = source + length
  if (length > 16) {
    memory.fill(table, 0, 16384)
    const limit = end - 12
    let ip = source + 1
    let misses: u32 = 0
    while (ip < limit) {
      const word = load<u32>(ip)
      const slot = table + 4 * hashOf(word)
      const candidate = source + load<u32>(slot)
      store<u32>(slot, <u32>(ip - source))
      if (candidate >= ip || ip - candidate > 65535 || load<u32>(candidate) != word) {
        ip += 1 + (misses++ >> 6)
        continue
      }
      misses = 0
      let size: u32 = 4
      const most = <u32>(end - 5 - ip)
      while (size < most && load<u8>(candidate + size) == load<u8>(ip + size)) size++
      op = writeSequence(op, emitted, <u32>(ip - emitted), <u32>(ip - candidate), size)
      ip += size
      emitted = ip
    }
  }
  op = writeSequence(op, emitted, <u32>(end - emitted), 0, 0)
  return <u32>(op - target)
}
