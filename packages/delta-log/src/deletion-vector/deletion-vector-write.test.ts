import fc from 'fast-check'
import { MemoryStore } from '@deltaworks/storage'
import { locationIn } from '../table-location.js'
import { testFile } from '../testing.js'
import { storeDeletionVectors } from './deletion-vector-write.js'
import { readDeletedRows } from './deletion-vector.js'
import { encodeRoaringBitmapArray } from './roaring-bitmap-write.js'
import { decodeRoaringBitmapArray } from './roaring-bitmap.js'
import { withDeletionVector } from './with-deletion-vector.js'
import { decodeZ85, encodeZ85 } from './z85.js'

const rowsOf = (values: Iterable<number>): Uint32Array => Uint32Array.from(new Set(values)).sort()
const everyNth = (n: number, count: number, from = 0): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => from + i * n)

describe('deletion vectors, written', () => {
  it('D-46: any set of rows comes back, from containers of every form', () => {
    const spread = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 300 })
    const runs = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: 1, max: 9000 })), { maxLength: 12 })
      .map((list) => list.flatMap(([from, length]) => Array.from({ length }, (_, i) => from + i)))
    const scattered = fc
      .tuple(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 2, max: 9 }))
      .map(([from, step]) => [...everyNth(step, 9000, from)])
    fc.assert(
      fc.property(spread, fc.oneof(runs, scattered, fc.constant([])), (a, b) => {
        const rows = rowsOf([...a, ...b])
        expect(decodeRoaringBitmapArray(encodeRoaringBitmapArray(rows))).toEqual(rows)
      }),
      { numRuns: 60 },
    )
  })

  it('D-46: each container takes its smallest form', () => {
    expect(encodeRoaringBitmapArray(everyNth(1, 60_000))).toHaveLength(16 + 5 + 4 + 6)
    expect(encodeRoaringBitmapArray(everyNth(7, 1000))).toHaveLength(16 + 8 + 4 + 4 + 2000)
    expect(encodeRoaringBitmapArray(everyNth(7, 5000))).toHaveLength(16 + 8 + 4 + 4 + 8192)
    expect(() => encodeRoaringBitmapArray(Uint32Array.of(3, 3))).toThrow(RangeError)
  })

  it('D-46: Z85 both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(decodeZ85(encodeZ85(bytes))!.subarray(0, bytes.length)).toEqual(bytes)
      }),
    )
    expect(encodeZ85(Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b))).toBe('HelloWorld')
  })

  it('D-46: small vectors are inline, the large ones of a commit share one file', async () => {
    const store = new MemoryStore('dv-write')
    const location = locationIn(store, 't')
    const sets = [everyNth(5, 6), everyNth(3, 70_000), everyNth(2, 200)]
    const stored = await storeDeletionVectors(
      location,
      sets.map((rows, i) => ({ file: testFile(`f${i}`), rows })),
    )
    expect(stored.descriptors.map((d) => [d.storageType, d.offset, d.cardinality])).toEqual([
      ['i', null, 6],
      ['u', 1, 70_000],
      ['u', 1 + stored.descriptors[1]!.sizeBytes + 8, 200],
    ])
    const listed = await store.list('t')
    expect(listed).toMatchObject([{ path: stored.path, sizeBytes: stored.sizeBytes }])
    for (const [i, deletionVector] of stored.descriptors.entries()) {
      expect(await readDeletedRows(location, testFile('f', { deletionVector }))).toEqual(sets[i])
    }
  })

  it('D-46: statistics of the whole file stay, and say that they are wide', () => {
    const deletionVector = { storageType: 'i', pathOrInlineDv: '', offset: null, sizeBytes: 0, cardinality: 1 }
    const statsOf = (stats: string) => withDeletionVector(testFile('f', { stats }), deletionVector).stats
    const exact = '"numRecords":3,"maxValues":{"a":12345678901234567890123456789.5}'
    expect(statsOf(`{${exact}}`)).toBe(`{${exact},"tightBounds":false}`)
    expect(statsOf(`{${exact},"tightBounds":true}`)).toBe(`{${exact},"tightBounds":false}`)
    expect(statsOf(`{"tightBounds" : true, ${exact}}`)).toBe(`{ ${exact},"tightBounds":false}`)
    expect(statsOf(`{${exact},"tightBounds":false}`)).toBe(`{${exact},"tightBounds":false}`)
    const nested = '{"numRecords":1,"minValues":{"tightBounds":"x"},"tightBounds":true}'
    expect(JSON.parse(statsOf(nested)!)).toEqual({
      numRecords: 1,
      minValues: { tightBounds: 'x' },
      tightBounds: false,
    })
  })
})
