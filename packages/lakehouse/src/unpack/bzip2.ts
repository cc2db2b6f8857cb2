import { ByteReader, type ByteStream } from './byte-stream.js'

/*
 * bzip2: Huffman codes over a move-to-front list over the last column of a sorted block (Burrows and Wheeler 1994), with
 * runs coded on both sides of it. Node has no decoder for it.
 */

const blockMagic = 0x314159265359
const endMagic = 0x177245385090
/** No block is longer than this, compressed. */
const largestBlock = 1_200_000
const maxCodeLength = 20
const groupSize = 50

/** Why a stream could not be decoded. */
export class Bzip2Error extends Error {
  override readonly name = 'Bzip2Error'
}

/** Decodes one bzip2 stream or several in a row, block by block. @throws Bzip2Error */
export async function* bunzip2(source: ByteStream): ByteStream {
  const reader = new ByteReader(source)
  for (let streams = 0; ; streams++) {
    const head = await reader.peek(4)
    if (head.byteLength === 0 && streams > 0) return
    const level = (head[3] ?? 0) - 0x30
    if (head[0] !== 0x42 || head[1] !== 0x5a || head[2] !== 0x68 || level < 1 || level > 9) {
      throw new Bzip2Error(streams === 0 ? 'it does not begin as bzip2 does' : 'something else follows its end')
    }
    reader.skip(4)
    yield* decodeStream(reader, level * 100_000)
  }
}

async function* decodeStream(reader: ByteReader, blockSize: number): ByteStream {
  const tail = new Uint32Array(blockSize)
  let bit = 0
  let combined = 0
  for (;;) {
    const bits = new BitReader(await reader.peek(largestBlock), bit)
    const magic = bits.read(24) * 0x1000000 + bits.read(24)
    const crc = bits.read(16) * 0x10000 + bits.read(16)
    if (magic === endMagic) {
      if (crc !== combined) throw new Bzip2Error('the checksum of all is wrong')
      reader.skip(bits.bytesUsed)
      return
    }
    if (magic !== blockMagic) throw new Bzip2Error('a block does not begin as one')
    const block = decodeBlock(bits, tail, blockSize)
    if (block.crc !== crc) throw new Bzip2Error('the checksum of a block is wrong')
    combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0
    reader.skip(bits.position >>> 3)
    bit = bits.position & 7
    yield block.bytes
  }
}

class BitReader {
  readonly #bytes: Uint8Array
  /** In bits. */
  position: number

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes
    this.position = position
  }

  get bytesUsed(): number {
    return (this.position + 7) >>> 3
  }

  /** Up to 24 bits. */
  read(count: number): number {
    const at = this.position >>> 3
    if (this.position + count > this.#bytes.byteLength * 8) throw new Bzip2Error('it ends in the middle')
    const word =
      ((this.#bytes[at]! << 24) |
        ((this.#bytes[at + 1] ?? 0) << 16) |
        ((this.#bytes[at + 2] ?? 0) << 8) |
        (this.#bytes[at + 3] ?? 0)) >>>
      0
    const value = ((word << (this.position & 7)) >>> 0) >>> (32 - count)
    this.position += count
    return value
  }
}

/** A Huffman code with the shortest codes first: per length, the greatest code and where its symbols begin. */
interface Code {
  readonly limit: Int32Array
  readonly base: Int32Array
  readonly symbols: Uint16Array
  readonly shortest: number
}

function decodeBlock(bits: BitReader, tail: Uint32Array, blockSize: number) {
  if (bits.read(1) === 1) throw new Bzip2Error('it is randomised, which no bzip2 has written since 1997')
  const origin = bits.read(24)
  const used = readUsedBytes(bits)
  const alphabet = used.length + 2
  const codeCount = bits.read(3)
  const selectors = readSelectors(bits, codeCount)
  const codes = Array.from({ length: codeCount }, () => makeCode(readCodeLengths(bits, alphabet)))
  const counts = new Uint32Array(256)
  const length = readSymbols(bits, codes, selectors, used, tail, counts, blockSize)
  if (origin >= length) throw new Bzip2Error('a block points outside of itself')
  return expandRuns(undoSort(tail, counts, length, origin), tail, length)
}

function readUsedBytes(bits: BitReader): number[] {
  const ranges = bits.read(16)
  const used: number[] = []
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >>> range)) === 0) continue
    const map = bits.read(16)
    for (let i = 0; i < 16; i++) if ((map & (0x8000 >>> i)) !== 0) used.push(range * 16 + i)
  }
  if (used.length === 0) throw new Bzip2Error('a block uses no bytes')
  return used
}

function readSelectors(bits: BitReader, codeCount: number): Uint8Array {
  if (codeCount < 2 || codeCount > 6) throw new Bzip2Error('a block has an impossible number of codes')
  const selectors = new Uint8Array(bits.read(15))
  const order = Array.from({ length: codeCount }, (_, i) => i)
  for (let i = 0; i < selectors.length; i++) {
    let at = 0
    while (bits.read(1) === 1) if (++at >= codeCount) throw new Bzip2Error('a block names a code that it has not')
    order.unshift(...order.splice(at, 1))
    selectors[i] = order[0]!
  }
  return selectors
}

function readCodeLengths(bits: BitReader, alphabet: number): Uint8Array {
  const lengths = new Uint8Array(alphabet)
  let length = bits.read(5)
  for (let symbol = 0; symbol < alphabet; symbol++) {
    for (;;) {
      if (length < 1 || length > maxCodeLength) throw new Bzip2Error('a code is too long')
      if (bits.read(1) === 0) break
      length += bits.read(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  return lengths
}

function makeCode(lengths: Uint8Array): Code {
  const shortest = Math.min(...lengths)
  const limit = new Int32Array(maxCodeLength + 2).fill(-1)
  const base = new Int32Array(maxCodeLength + 2)
  const symbols = new Uint16Array(lengths.length)
  let code = 0
  let at = 0
  for (let length = shortest; length <= maxCodeLength; length++) {
    base[length] = at - code
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue
      symbols[at++] = symbol
      code++
    }
    limit[length] = code - 1
    code <<= 1
  }
  return { limit, base, symbols, shortest }
}

function readSymbol(bits: BitReader, { limit, base, symbols, shortest }: Code): number {
  let length = shortest
  let code = bits.read(length)
  while (code > limit[length]!) {
    if (++length > maxCodeLength) throw new Bzip2Error('a code is none')
    code = (code << 1) | bits.read(1)
  }
  const symbol = symbols[base[length]! + code]
  if (symbol === undefined) throw new Bzip2Error('a code is none')
  return symbol
}

/** Fills `tail` with the sorted block's last column. @returns its length */
function readSymbols(
  bits: BitReader,
  codes: readonly Code[],
  selectors: Uint8Array,
  used: readonly number[],
  tail: Uint32Array,
  counts: Uint32Array,
  blockSize: number,
): number {
  const recent = Uint8Array.from(used)
  const end = used.length + 1
  let length = 0
  let run = 0
  let weight = 1
  for (let group = 0; ; group++) {
    const code = codes[selectors[group] ?? -1]
    if (code === undefined) throw new Bzip2Error('a block has more symbols than codes for them')
    for (let i = 0; i < groupSize; i++) {
      const symbol = readSymbol(bits, code)
      // Runs of the most recent byte are numbers in base 2 with the digits 1 and 2.
      if (symbol <= 1) {
        run += weight << symbol
        weight *= 2
        if (run > blockSize) throw new Bzip2Error('a run is longer than its block')
        continue
      }
      if (run > 0) {
        if (length + run > blockSize) throw new Bzip2Error('a block is longer than it may be')
        tail.fill(recent[0]!, length, length + run)
        counts[recent[0]!]! += run
        length += run
        run = 0
        weight = 1
      }
      if (symbol === end) return length
      const at = symbol - 1
      const byte = recent[at]!
      recent.copyWithin(1, 0, at)
      recent[0] = byte
      if (length >= blockSize) throw new Bzip2Error('a block is longer than it may be')
      tail[length++] = byte
      counts[byte]!++
    }
  }
}

/** Adds to each place of the last column (in the upper bits) which place comes after it. @returns where the text begins */
function undoSort(tail: Uint32Array, counts: Uint32Array, length: number, origin: number): number {
  let sum = 0
  for (let byte = 0; byte < 256; byte++) {
    const count = counts[byte]!
    counts[byte] = sum
    sum += count
  }
  for (let i = 0; i < length; i++) tail[counts[tail[i]! & 0xff]!++]! |= i << 8
  return tail[origin]! >>> 8
}

/** Four equal bytes are followed by how many more of them there are. */
function expandRuns(
  start: number,
  tail: Uint32Array,
  length: number,
): { readonly bytes: Uint8Array; readonly crc: number } {
  let out = new Uint8Array(length + (length >>> 2) + 256)
  let size = 0
  let place = start
  let same = 0
  let last = -1
  for (let i = 0; i < length; i++) {
    const entry = tail[place]!
    const byte = entry & 0xff
    place = entry >>> 8
    const count: number = same === 4 ? byte : 1
    if (size + count > out.byteLength) {
      const grown = new Uint8Array(out.byteLength * 2)
      grown.set(out)
      out = grown
    }
    if (same === 4) {
      out.fill(last, size, size + count)
      same = 0
      last = -1
    } else {
      out[size] = byte
      same = byte === last ? same + 1 : 1
      last = byte
    }
    size += count
  }
  const bytes = out.subarray(0, size)
  return { bytes, crc: crcOf(bytes) }
}

/** CRC-32 with the highest bit first, which is not that of zlib. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1
  return value >>> 0
})

function crcOf(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) crc = (crc << 8) ^ crcTable[((crc >>> 24) ^ byte) & 0xff]!
  return ~crc >>> 0
}
