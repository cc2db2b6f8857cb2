import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MemoryStore } from '@deltaworks/storage'
import { locationIn } from '../table-location.js'
import { testFile } from '../testing.js'
import { crc32 } from './crc32.js'
import { readDeletedRows } from './deletion-vector.js'
import { decodeRoaringBitmapArray } from './roaring-bitmap.js'

const inline = 'wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L'
const vector = { storageType: 'i', pathOrInlineDv: inline, offset: null, sizeBytes: 40, cardinality: 6 }

/** A portable bitmap array of one container. */
function bitmap(kind: 'run' | 'bits', values: readonly number[]): Uint8Array {
  const bytes: number[] = []
  const u16 = (n: number) => bytes.push(n & 255, (n >> 8) & 255)
  const u32 = (n: number) => (u16(n & 0xffff), u16((n >>> 16) & 0xffff))
  u32(1681511377)
  u32(1)
  u32(0)
  u32(0)
  if (kind === 'run') {
    u32(12347)
    bytes.push(1)
  } else {
    u32(12346)
    u32(1)
  }
  u16(1)
  u16(values.length - 1)
  if (kind === 'run') {
    u16(1)
    u16(values[0]! - 65_536)
    u16(values.length - 1)
  } else {
    u32(16)
    const bits = new Uint8Array(8192)
    for (const value of values) bits[(value - 65_536) >> 3]! |= 1 << ((value - 65_536) & 7)
    bytes.push(...bits)
  }
  return Uint8Array.from(bytes)
}

describe('deletion vectors', () => {
  const store = new MemoryStore('dv')
  const location = locationIn(store, 't')

  it("D-45: inline (native, the protocol's example; and portable)", async () => {
    for (const [text, sizeBytes] of [
      [inline, 40],
      ['^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L', 44],
    ] as const) {
      const deletionVector = { ...vector, pathOrInlineDv: text, sizeBytes }
      const rows = await readDeletedRows(location, testFile('f', { deletionVector }))
      expect([...rows!]).toEqual([3, 4, 7, 11, 18, 29])
    }
  })

  it('D-45: inline, ending in the short group of writers in Rust', async () => {
    const text = '^Bg9^0rr910000000000iXQKl0rr91000005c8Xg##093'
    const deletionVector = { ...vector, pathOrInlineDv: text, sizeBytes: 34, cardinality: 1 }
    expect([...(await readDeletedRows(location, testFile('f', { deletionVector })))!]).toEqual([3])
  })

  it('D-45: run and bitmap containers', () => {
    const run = Array.from({ length: 100 }, (_, i) => 65_600 + i)
    expect([...decodeRoaringBitmapArray(bitmap('run', run))]).toEqual(run)
    const bits = Array.from({ length: 5000 }, (_, i) => 65_536 + i * 13)
    expect([...decodeRoaringBitmapArray(bitmap('bits', bits))]).toEqual(bits)
  })

  it('D-45: a file beside the data, its size and checksum verified', async () => {
    const data = bitmap('run', [65_536, 65_537, 65_538])
    const file = new Uint8Array(1 + 4 + data.length + 4)
    const view = new DataView(file.buffer)
    file[0] = 1
    view.setUint32(1, data.length)
    file.set(data, 5)
    view.setUint32(5 + data.length, crc32(data))
    const path = 't/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin'
    await store.put(path, file, 'overwrite')
    const stored = {
      storageType: 'u',
      pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
      offset: 1,
      sizeBytes: data.length,
      cardinality: 3,
    }
    expect([...(await readDeletedRows(location, testFile('f', { deletionVector: stored })))!]).toEqual([
      65_536, 65_537, 65_538,
    ])
    file[file.length - 1]! ^= 1
    await store.put(path, file, 'overwrite')
    await expect(readDeletedRows(location, testFile('f', { deletionVector: stored }))).rejects.toMatchObject({
      code: 'DW-DELTA-0013',
      message: expect.stringContaining('checksum'),
    })
    await store.delete([path])
    await expect(readDeletedRows(location, testFile('f', { deletionVector: stored }))).rejects.toMatchObject({
      code: 'DW-DELTA-0013',
    })
  })

  it('D-45: a file at an absolute path, outside of the table; one that is cut short is an error', async () => {
    const data = bitmap('run', [65_543, 65_544])
    const file = Buffer.alloc(1 + 4 + data.length + 4)
    file[0] = 1
    file.writeUInt32BE(data.length, 1)
    file.set(data, 5)
    file.writeUInt32BE(crc32(data), 5 + data.length)
    const folder = mkdtempSync(join(tmpdir(), 'deltaworks-vector-'))
    try {
      writeFileSync(join(folder, 'absolute.bin'), file)
      const stored = {
        storageType: 'p',
        pathOrInlineDv: pathToFileURL(join(folder, 'absolute.bin')).href,
        offset: 1,
        sizeBytes: data.length,
        cardinality: 2,
      }
      expect([...(await readDeletedRows(location, testFile('f', { deletionVector: stored })))!]).toEqual([
        65_543, 65_544,
      ])
      writeFileSync(join(folder, 'absolute.bin'), file.subarray(0, 8))
      await expect(readDeletedRows(location, testFile('f', { deletionVector: stored }))).rejects.toMatchObject({
        code: 'DW-DELTA-0013',
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('D-45: a cardinality that does not agree is an error', async () => {
    const wrong = { ...vector, cardinality: 7 }
    await expect(readDeletedRows(location, testFile('f', { deletionVector: wrong }))).rejects.toMatchObject({
      code: 'DW-DELTA-0013',
    })
  })
})
