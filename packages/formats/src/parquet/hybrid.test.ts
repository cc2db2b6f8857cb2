import { Arena, createContext } from '@deltaworks/columnar'
import fc from 'fast-check'
import type { ParquetKernels } from './kernels.js'

const context = createContext()
const kernels = context.kernels as unknown as ParquetKernels

interface Run {
  readonly isPacked: boolean
  /** Of a packed run eight at a time; else the first of them, so often. */
  readonly codes: readonly number[]
}

const stretches = (width: number): fc.Arbitrary<readonly Run[]> => {
  const code = fc.nat(2 ** width - 1)
  const packed = fc
    .integer({ min: 1, max: 40 })
    .chain((groups) => fc.array(code, { minLength: 8 * groups, maxLength: 8 * groups }))
    .map((codes) => ({ isPacked: true, codes }))
  const repeated = fc
    .tuple(code, fc.integer({ min: 1, max: 300 }))
    .map(([value, count]) => ({ isPacked: false, codes: Array<number>(count).fill(value) }))
  return fc.array(fc.oneof(packed, repeated), { minLength: 1, maxLength: 12 })
}

/** The RLE / bit-packed hybrid, bit by bit (parquet-format, Encodings.md). */
function encode(runs: readonly Run[], width: number): Uint8Array {
  const bytes: number[] = []
  const varint = (value: number): void => {
    for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value & 127) | 128)
    bytes.push(value)
  }
  for (const { isPacked, codes } of runs) {
    if (isPacked) {
      varint((codes.length / 8) * 2 + 1)
      let bits = 0n
      codes.forEach((code, i) => (bits |= BigInt(code) << BigInt(i * width)))
      for (let i = 0; i < (codes.length / 8) * width; i++) bytes.push(Number((bits >> BigInt(8 * i)) & 255n))
    } else {
      varint(codes.length * 2)
      for (let i = 0; i < Math.ceil(width / 8); i++) bytes.push(Math.floor(codes[0]! / 2 ** (8 * i)) & 255)
    }
  }
  return Uint8Array.from(bytes)
}

/** What the kernel reads; null if it refuses. */
function decode(
  stream: Uint8Array,
  width: number,
  skip: number,
  count: number,
  limit: number,
  looked: readonly number[] = [],
): number[] | null {
  const arena = new Arena(context.heap)
  try {
    const source = arena.allocate(stream.length + 32)
    context.heap.u8.set(stream, source)
    const target = arena.allocate((count + 8) * 4)
    const cursor = arena.allocateZeroed(8)
    const read = (from: number, codes: number): number =>
      kernels.parquetDecodeCodes(source, stream.length, width, cursor, from, codes, target, limit)
    for (const from of looked) read(from, 1)
    const result = read(skip, count)
    return result === 0 ? [...context.heap.u32.subarray(target >>> 2, (target >>> 2) + count)] : null
  } finally {
    arena.close()
  }
}

const cases = fc.integer({ min: 1, max: 31 }).chain((width) =>
  fc.record({
    width: fc.constant(width),
    runs: stretches(width),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
)

describe('dictionary codes (E-27)', () => {
  it('are read from any of them on', () => {
    fc.assert(
      fc.property(cases, fc.nat(2000), ({ width, runs, from, part }, looked) => {
        const codes = runs.flatMap((run) => run.codes)
        const skip = Math.floor(from * codes.length)
        const count = Math.floor(part * (codes.length - skip))
        const wanted = codes.slice(skip, skip + count)
        const stream = encode(runs, width)
        const limit = Math.max(...codes) + 1
        expect(decode(stream, width, skip, count, limit)).toEqual(wanted)
        // Wherever something was read before.
        expect(decode(stream, width, skip, count, limit, [looked % codes.length])).toEqual(wanted)
        // Codes out of range are refused where they are wanted.
        const most = Math.max(0, ...wanted)
        if (count > 0) expect(decode(stream, width, skip, count, most)).toBeNull()
      }),
      { numRuns: 400 },
    )
  })

  it('of a stream that is too short are refused', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 40 }), ({ width, runs, from }, less) => {
        const codes = runs.flatMap((run) => run.codes)
        const skip = Math.floor(from * codes.length)
        const stream = encode(runs, width)
        const cut = stream.subarray(0, Math.max(0, stream.length - less))
        const found = decode(cut, width, skip, codes.length - skip, 2 ** width)
        // What was cut off may be less than a value.
        if (found !== null) expect(found).toEqual(codes.slice(skip))
        expect(decode(stream, width, skip, codes.length - skip + 1, 2 ** width)).toBeNull()
      }),
      { numRuns: 400 },
    )
  })
})
