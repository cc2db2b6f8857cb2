import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import * as z from 'zod/mini'
import { bigint, integer } from '../column-definition.js'
import { defineLakehouse } from '../lakehouse-definition.js'
import { quarantinePath } from '../quarantine.js'
import { csvFiles, jsonFiles } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { errorOf, TestLake } from '../testing/test-lake.js'
import { bunzip2 } from './bzip2.js'
import type { ByteStream } from './byte-stream.js'
import { decompress, type Compression } from './decompress.js'
import {
  bzip2Blocks,
  bzip2Empty,
  bzip2Streams,
  bzip2Whole,
  content,
  tarGnu,
  tarOf,
  tarPax,
  zip,
  zstd,
} from './testing.js'

/** 1.1 GB of zeros, as members that are packed once. */
const bomb = Buffer.concat(new Array<Buffer>(11).fill(gzipSync(Buffer.alloc(100_000_000))))

async function* inPieces(data: Uint8Array, size: number): ByteStream {
  for (let at = 0; at < data.byteLength; at += size) yield data.slice(at, at + size)
}
async function collect(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A zip archive of one entry; `claims` overrides what its directory says. */
function zipOf(
  name: string,
  data: Buffer,
  claims: { readonly bytes?: number; readonly flags?: number; readonly method?: number } = {},
): Buffer {
  const packed = deflateRawSync(data)
  const local = Buffer.alloc(30)
  local.write('PK\x03\x04', 'latin1')
  local.writeUInt16LE(name.length, 26)
  const entry = Buffer.alloc(46)
  entry.write('PK\x01\x02', 'latin1')
  entry.writeUInt16LE(claims.flags ?? 0, 8)
  entry.writeUInt16LE(claims.method ?? 8, 10)
  entry.writeUInt32LE(crc32(data), 16)
  entry.writeUInt32LE(packed.length, 20)
  entry.writeUInt32LE(claims.bytes ?? data.length, 24)
  entry.writeUInt16LE(name.length, 28)
  const directory = Buffer.concat([entry, Buffer.from(name)])
  const front = Buffer.concat([local, Buffer.from(name), packed])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(front.length, 16)
  return Buffer.concat([front, directory, end])
}

describe('M-008: decompress', () => {
  it.each<[string, Compression, Buffer, Buffer]>([
    ['bzip2 in blocks', 'bzip2', bzip2Blocks, content],
    ['bzip2 in one block', 'bzip2', bzip2Whole, content],
    ['bzip2 streams in a row', 'bzip2', bzip2Streams, Buffer.from('one\ntwo\n')],
    ['bzip2 of nothing', 'bzip2', bzip2Empty, Buffer.alloc(0)],
    ['zstd', 'zstd', zstd, content],
    ['gzip', 'gzip', gzipSync(content), content],
    ['gzip members in a row', 'gzip', Buffer.concat([gzipSync('one\n'), gzipSync('two\n')]), Buffer.from('one\ntwo\n')],
  ])('%s, however it comes in pieces', async (_, compression, packed, expected) => {
    for (const size of [1, 7, 1000, packed.length]) {
      expect((await collect(decompress(inPieces(packed, size), compression))).equals(expected)).toBe(true)
    }
  })

  it.each<[Compression, Buffer]>([
    ['bzip2', bzip2Blocks],
    ['gzip', gzipSync(content)],
    ['zstd', zstd],
  ])('%s: what is cut off or damaged is an error, never other bytes, never a hang', async (compression, packed) => {
    await expect(
      collect(decompress(inPieces(packed.subarray(0, packed.length - 9), 500), compression)),
    ).rejects.toThrow()
    await expect(collect(decompress(inPieces(Buffer.from('id,items\n1,2\n'), 500), compression))).rejects.toThrow()
    // zstd's own checksum is not looked at by the decoder for Node 20.
    if (compression === 'zstd') return
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 4, max: packed.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const damaged = Buffer.from(packed)
          damaged[at] = damaged[at]! ^ change
          const outcome = await collect(decompress(inPieces(damaged, 4096), compression)).catch(() => null)
          if (outcome !== null) expect(outcome.equals(content)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('bzip2 yields blocks as they come', async () => {
    let blocks = 0
    for await (const _ of bunzip2(inPieces(bzip2Blocks, 100))) blocks += _.byteLength > 0 ? 1 : 0
    expect(blocks).toBeGreaterThan(2)
  })
})

describe('packed landing files', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(async () => {
    await lake.close()
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`deltaworks-unpack-${process.pid}-`))).toEqual([])
  })
  const shop = (source = csvFiles('stock*', { maxMalformed: 1 })) =>
    defineLakehouse({
      name: 'stock',
      description: 'For tests.',
      tables: [defineTable({ name: 'stock', layer: 'raw', columns: { id: bigint(), items: integer() }, source })],
      configuration: z.strictObject({}),
      environments: '.',
    })
  const run = (source?: Parameters<typeof shop>[0]) => lake.run(shop(source))
  const rows = () => lake.rows('raw/stock', 'id', 'items', 'source_file', 'source_line')
  const lines = (...given: readonly string[]): string => `id,items\n${given.map((row) => `${row}\n`).join('')}`

  it('M-008 M-011: are ingested once, with the names of their members; a changed one replaces its own rows', async () => {
    lake.land('stock_1.csv.gz', gzipSync(lines('1,10', 'x,y')))
    lake.land('stock_2.csv', lines('2,20'))
    lake.land('stock_3.zip', zip)
    await run()
    const member = (id: number, path: string) =>
      `{"id":${id},"items":${id * 10},"source_file":"${path}","source_line":2}`
    const others = [member(1, 'stock_1.csv.gz'), member(2, 'stock_2.csv')]
    expect(await rows()).toEqual(
      [
        ...others,
        member(1, 'stock_3.zip!/stock_a.csv'),
        member(2, 'stock_3.zip!/d/stock_b.csv'),
        member(3, 'stock_3.zip!/d/stock_c.csv'),
      ].sort(),
    )
    expect(await lake.rows(quarantinePath, 'source_file', 'source_line', 'record')).toEqual([
      '{"source_file":"stock_1.csv.gz","source_line":3,"record":"x,y"}',
    ])
    expect((await run()).status).toBe('unchanged')
    lake.land('stock_3.zip', zipOf('stock_a.csv', Buffer.from(lines('7,70'))))
    await run()
    expect(await rows()).toEqual([...others, member(7, 'stock_3.zip!/stock_a.csv')].sort())
  })

  it.each([
    ['GNU', tarGnu],
    ['POSIX', tarPax],
  ])('M-008: tar of %s, with folders and long names', async (_, tar) => {
    lake.land('stock.tar.bz2', tar)
    await run()
    expect(await lake.rows('raw/stock', 'id', 'items')).toEqual(['{"id":1,"items":10}', '{"id":2,"items":20}'])
    expect((await rows())[1]).toContain(`stock.tar.bz2!/in/${'x'.repeat(150)}/stock_b.csv`)
  })

  it('M-008: members are chosen by a glob; hidden ones never are', async () => {
    lake.land(
      'stock.tgz',
      gzipSync(tarOf(['./a.csv', lines('1,1')], ['b.txt', 'no'], ['.c.csv', 'no'], ['__MACOSX/d.csv', 'no'])),
    )
    await run(csvFiles('stock*', { members: '*.csv' }))
    expect(await lake.rows('raw/stock', 'id', 'source_file')).toEqual(['{"id":1,"source_file":"stock.tgz!/a.csv"}'])
  })

  it('M-009: a JSON array in zstd', async () => {
    // A frame with one raw block.
    const text = Buffer.from('[{"id":1,"items":2},\n{"id":3,"items":4}]')
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, text.length, (text.length << 3) | 1, text.length >> 5, 0])
    lake.land('stock.json.zst', Buffer.concat([frame, text]))
    await run(jsonFiles('stock*'))
    expect(await lake.rows('raw/stock', 'id', 'items')).toEqual(['{"id":1,"items":2}', '{"id":3,"items":4}'])
  })

  it('M-005: what is small in the listing and large unpacked is not held in memory', async () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `${i},${i % 7}`)
    lake.land('stock.csv.gz', gzipSync(`id,items\n${many.join('\n')}\n`))
    const { runLakehouse } = await import('../run.js')
    await runLakehouse({ ...lake.options(shop()), inMemoryBytes: 1_000_000 })
    expect((await lake.open('raw/stock')).detail().numRows).toBe(200_000)
  })

  it.each<[string, string, Buffer, RegExp]>([
    ['a path that leaves the archive', 'stock.tar', tarOf(['../../etc/cron.d/x', 'x']), /leaves it/],
    ['an absolute path', 'stock.zip', zipOf('/etc/passwd', Buffer.from('x')), /leaves it/],
    ['a path of another system', 'stock.zip', zipOf('..\\x.csv', Buffer.from('x')), /leaves it/],
    ['a symbolic link', 'stock.tar', tarOf(['link.csv', '', '2']), /link or a device/],
    ['a bomb', 'stock.csv.gz', bomb, /as a bomb would/],
    ['a member larger than it says', 'stock.zip', zipOf('a.csv', Buffer.alloc(5_000_000), { bytes: 10 }), /damaged/],
    ['an encrypted member', 'stock.zip', zipOf('a.csv', Buffer.from('x'), { flags: 1 }), /encrypted/],
    ['a method that nobody knows', 'stock.zip', zipOf('a.csv', Buffer.from('x'), { method: 77 }), /method 77/],
    ['two members of one name', 'stock.tar', tarOf(['a.csv', 'id,items\n'], ['./a.csv', 'id,items\n']), /two members/],
    ['half an archive', 'stock.tar', tarOf(['a.csv', 'x'.repeat(2000)]).subarray(0, 1000), /ends in the middle/],
    ['half a zip', 'stock.zip', zip.subarray(0, zip.length - 30), /no directory/],
    ['text that says it is packed', 'stock.csv.gz', Buffer.from('id,items\n'), /incorrect header/],
    ['an empty file', 'stock.csv.bz2', Buffer.alloc(0), /does not begin/],
  ])('M-019: %s is refused by name, and nothing is written', async (_, name, data, message) => {
    lake.land(name, data)
    const error = await errorOf(() => run())
    expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0015', fault: 'data' })
    expect(error.message).toMatch(message)
    expect(error.message).toContain(name)
    expect(existsSync(join(lake.folder, 'lake'))).toBe(false)
  })
})
