/*
 * RoaringBitmap, read only: https://github.com/RoaringBitmap/RoaringFormatSpec. A bitmap is containers of 2^16 values:
 *
 *   cookie 12346 | size          | (key u16, cardinality-1 u16)* | offset u32* | container*
 *   cookie 12347 + (size-1)<<16  | run flags | (key, card-1)*    | offsets only from 4 containers on | container*
 *
 *   container: <= 4096 values an array of u16, more a bitmap of 8 KiB; a run container is u16 count and (start, length-1)*
 */

const noRunCookie = 12346
const runCookie = 12347
const portableMagic = 1681511377
const nativeMagic = 1681511376

/**
 * The ascending row indexes of a serialised RoaringBitmapArray (PROTOCOL.md, "Deletion Vector Format"), portable or native.
 * @throws RangeError if the bytes are cut off or no bitmap, or if a row is beyond 2^32
 */
export function decodeRoaringBitmapArray(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = view.getUint32(0, true)
  const chunks: Uint32Array[] = []
  if (magic === portableMagic) {
    const buckets = Number(view.getBigUint64(4, true))
    for (let bucket = 0, at = 12; bucket < buckets; bucket++) {
      checkKey(view.getUint32(at, true))
      at = decodeBitmap(view, at + 4, chunks)
    }
  } else if (magic === nativeMagic || view.getUint32(0) === nativeMagic) {
    // The protocol's inline example has the native format with its own numbers in big endian.
    const little = magic === nativeMagic
    const bitmaps = view.getUint32(4, little)
    for (let i = 0, at = 8; i < bitmaps; i++) {
      const size = view.getUint32(at, little)
      const before = chunks.length
      decodeBitmap(view, at + 4, chunks)
      if (chunks.length > before) checkKey(i)
      at += 4 + size
    }
  } else throw new RangeError(`it begins with ${magic}, which is no known format`)
  return concatenate(chunks)
}

function checkKey(key: number): void {
  if (key !== 0) throw new RangeError('it names rows beyond 2^32')
}

/** @returns where the bitmap ends */
function decodeBitmap(view: DataView, start: number, chunks: Uint32Array[]): number {
  const cookie = view.getUint32(start, true)
  const hasRuns = (cookie & 0xffff) === runCookie
  if (!hasRuns && cookie !== noRunCookie) throw new RangeError(`a bitmap begins with ${cookie}`)
  const size = hasRuns ? (cookie >>> 16) + 1 : view.getUint32(start + 4, true)
  const flags = hasRuns ? start + 4 : -1
  const keys = hasRuns ? flags + ((size + 7) >> 3) : start + 8
  let at = keys + 4 * size
  if (!hasRuns || size >= 4) at += 4 * size
  for (let i = 0; i < size; i++) {
    const base = view.getUint16(keys + 4 * i, true) * 65_536
    const cardinality = view.getUint16(keys + 4 * i + 2, true) + 1
    const isRun = hasRuns && ((view.getUint8(flags + (i >> 3)) >> (i & 7)) & 1) === 1
    const values = new Uint32Array(cardinality)
    if (isRun) at = decodeRuns(view, at, base, values)
    else if (cardinality <= 4096) at = decodeArray(view, at, base, values)
    else at = decodeBits(view, at, base, values)
    chunks.push(values)
  }
  return at
}

function decodeRuns(view: DataView, at: number, base: number, values: Uint32Array): number {
  const runs = view.getUint16(at, true)
  let count = 0
  for (let run = 0; run < runs; run++) {
    const first = view.getUint16(at + 2 + 4 * run, true)
    const length = view.getUint16(at + 4 + 4 * run, true) + 1
    if (count + length > values.length) throw new RangeError('a run is longer than its container says')
    for (let i = 0; i < length; i++) values[count++] = base + first + i
  }
  return at + 2 + 4 * runs
}

function decodeArray(view: DataView, at: number, base: number, values: Uint32Array): number {
  for (let i = 0; i < values.length; i++) values[i] = base + view.getUint16(at + 2 * i, true)
  return at + 2 * values.length
}

function decodeBits(view: DataView, at: number, base: number, values: Uint32Array): number {
  let count = 0
  for (let word = 0; word < 2048; word++) {
    let bits = view.getUint32(at + 4 * word, true)
    while (bits !== 0) {
      const lowest = bits & -bits
      values[count++] = base + word * 32 + (31 - Math.clz32(lowest))
      bits ^= lowest
    }
  }
  if (count !== values.length) throw new RangeError('a container has another cardinality than it says')
  return at + 8192
}

function concatenate(chunks: readonly Uint32Array[]): Uint32Array {
  const result = new Uint32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    result.set(chunk, at)
    at += chunk.length
  }
  return result
}
