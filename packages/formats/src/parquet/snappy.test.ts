import { Arena, createContext } from '@deltaworks/columnar'
import fc from 'fast-check'
import type { ParquetKernels } from './kernels.js'

const context = createContext()
const kernels = context.kernels as unknown as ParquetKernels

/** What a block is made of, before it is known what can be copied. */
type Element =
  | { readonly kind: 'literal'; readonly bytes: readonly number[] }
  | { readonly kind: 'copy'; readonly form: 1 | 2 | 3; readonly size: number; readonly back: number }

const bytes = (most: number): fc.Arbitrary<number[]> => fc.array(fc.nat(255), { minLength: 1, maxLength: most })
const literal = (most: number): fc.Arbitrary<Element> => bytes(most).map((of) => ({ kind: 'literal', bytes: of }))
const copy = (form: 1 | 2 | 3, size: fc.Arbitrary<number>, back: fc.Arbitrary<number>): fc.Arbitrary<Element> =>
  fc.record({ kind: fc.constant('copy' as const), form: fc.constant(form), size, back })

/** What numbers become: a few bytes of their own, and those of a number before. */
const pair = fc.tuple(
  literal(4),
  fc.oneof(
    copy(1, fc.integer({ min: 4, max: 8 }), fc.integer({ min: 8, max: 2047 })),
    copy(2, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 8, max: 65_535 })),
  ),
)
const other = fc.oneof(
  literal(300).map((element) => [element]),
  copy(1, fc.integer({ min: 4, max: 11 }), fc.integer({ min: 1, max: 2047 })).map((element) => [element]),
  copy(2, fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 40 })).map((element) => [element]),
  copy(3, fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 70_000 })).map((element) => [element]),
)
const block = (pairs: number): fc.Arbitrary<readonly Element[]> =>
  fc
    .array(fc.oneof({ weight: pairs, arbitrary: pair }, { weight: 1, arbitrary: other }), {
      minLength: 1,
      maxLength: 400,
    })
    .map((parts) => parts.flat())

/** A block in snappy's format (format_description.txt), and what it says: byte by byte. */
function encode(elements: readonly Element[]): { readonly block: Uint8Array; readonly text: Uint8Array } {
  const out: number[] = []
  const text: number[] = []
  for (const element of elements) {
    if (element.kind === 'literal') {
      const n = element.bytes.length - 1
      if (n < 60) out.push(n << 2)
      else if (n < 256) out.push(60 << 2, n)
      else out.push(61 << 2, n & 255, n >> 8)
      out.push(...element.bytes)
      text.push(...element.bytes)
      continue
    }
    const back = Math.min(element.back, text.length)
    if (back === 0) continue
    const { form, size } = element
    if (form === 1) out.push(((back >> 8) << 5) | ((size - 4) << 2) | 1, back & 255)
    else out.push(((size - 1) << 2) | form, back & 255, (back >> 8) & 255)
    if (form === 3) out.push((back >> 16) & 255, 0)
    for (let i = 0; i < size; i++) text.push(text[text.length - back]!)
  }
  return { block: Uint8Array.from([...varint(text.length), ...out]), text: Uint8Array.from(text) }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}

/** Read by the format's description, one byte at a time; null if it is corrupt. */
function decode(source: Uint8Array): Uint8Array | null {
  let at = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    if (at >= source.length || shift > 28) return null
    length += (source[at]! & 127) * 2 ** shift
    if (source[at++]! < 128) break
  }
  const text: number[] = []
  while (at < source.length) {
    const tag = source[at++]!
    const number = (width: number): number => {
      let value = 0
      for (let i = 0; i < width; i++) value += source[at++]! * 2 ** (8 * i)
      return value
    }
    if ((tag & 3) === 0) {
      const short = tag >> 2
      const size = short < 60 ? short + 1 : number(short - 59) + 1
      if (!(at + size <= source.length)) return null
      for (let i = 0; i < size; i++) text.push(source[at++]!)
    } else {
      const isOne = (tag & 3) === 1
      const size = isOne ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
      const back = isOne ? ((tag & 0xe0) << 3) | number(1) : number((tag & 3) === 2 ? 2 : 4)
      if (!(back > 0 && back <= text.length)) return null
      for (let i = 0; i < size; i++) text.push(text[text.length - back]!)
    }
    if (text.length > length) return null
  }
  return text.length === length ? Uint8Array.from(text) : null
}

/** What the kernel makes of a block that is to give so many bytes; null if it says that it is corrupt. */
function uncompress(source: Uint8Array, length: number): Uint8Array | null {
  const arena = new Arena(context.heap)
  try {
    const from = arena.allocate(source.length)
    context.heap.u8.set(source, from)
    const slack = 16
    const to = arena.allocate(length + slack)
    context.heap.u8.fill(0xa5, to + length + slack, to + length + slack + 16)
    const result = kernels.parquetSnappyUncompress(from, source.length, to, length)
    // No more than the 16 bytes that an arena leaves behind every allocation.
    expect([...context.heap.u8.subarray(to + length + slack, to + length + slack + 16)]).toEqual(Array(16).fill(0xa5))
    return result === 0 ? context.heap.u8.slice(to, to + length) : null
  } finally {
    arena.close()
  }
}

const same = (found: Uint8Array | null, expected: Uint8Array | null): boolean =>
  found === null || expected === null ? found === expected : Buffer.compare(found, expected) === 0

describe('snappy blocks (E-27)', () => {
  it.each([
    ['of pairs', 30],
    ['of anything', 1],
  ])('%s are read as the format says', (_, weight) => {
    fc.assert(
      fc.property(block(weight), (elements) => {
        const { block: source, text } = encode(elements)
        expect(same(decode(source), text)).toBe(true)
        expect(same(uncompress(source, text.length), text)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('that are damaged are refused, or read as the format says', () => {
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
      minLength: 1,
      maxLength: 3,
    })
    fc.assert(
      fc.property(block(30), damage, fc.double({ min: 0.5, max: 1.2, noNaN: true }), (elements, changes, kept) => {
        const { block: whole, text } = encode(elements)
        const source = whole.slice(0, Math.ceil(whole.length * Math.min(1, kept)))
        for (const [where, value] of changes) source[Math.floor(where * (source.length - 1))] = value
        const expected = decode(source)
        const found = uncompress(source, text.length)
        expect(same(found, expected !== null && expected.length === text.length ? expected : null)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('with a literal that claims more than there is end', () => {
    const { block: source, text } = encode(
      Array.from({ length: 100 }, (_, i): Element[] => [
        { kind: 'literal', bytes: [i, 1] },
        { kind: 'copy', form: 1, size: 6, back: 64 },
      ]).flat(),
    )
    for (let claimed = 0xffffffff; claimed > 0xffffffe0; claimed--) {
      const tail = [63 << 2, claimed & 255, 255, 255, 255, 1, 2, 3, 4]
      expect(uncompress(Uint8Array.from([...source, ...tail]), text.length)).toBeNull()
    }
  })
})
