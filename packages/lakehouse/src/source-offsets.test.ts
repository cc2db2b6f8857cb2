import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DeltaTable } from '@deltaworks/delta-table'
import { scan } from '@deltaworks/plan'
import { isPositive } from '@deltaworks/quality'
import * as z from 'zod/mini'
import { bigint, string } from './column-definition.js'
import { defineLakehouse, type LakehouseDefinition } from './lakehouse-definition.js'
import { quarantinePath } from './quarantine.js'
import { correctionLine, releaseQuarantined } from './review/release.js'
import { quarantineRecords } from './review/review.js'
import { runContext, runLakehouse } from './run.js'
import { csvFiles, jsonFiles, parquetFiles, type SourceDefinition } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { tarOf } from './unpack/testing.js'
import { TestLake, testClock } from './testing/test-lake.js'

const dayMicros = 86_400_000_000n

/** Rows whose quantity is no number are malformed; rules refuse those whose quantity is negative, and flag those of no name. */
const stock = (source: SourceDefinition): LakehouseDefinition => {
  const items = defineTable({
    name: 'items',
    layer: 'raw',
    columns: { name: string(), quantity: bigint() },
    source,
    quality: (_, { isComplete }) => [isPositive('quantity').quarantine(), isComplete('name').flag()],
  })
  const kept = defineTable({
    name: 'kept',
    layer: 'processed',
    columns: { name: string(), quantity: bigint() },
    from: { items },
    build: (inputs) => inputs.items.select('name', 'quantity'),
  })
  const configuration = z.strictObject({})
  return defineLakehouse({
    name: 's',
    description: 'For tests.',
    tables: [items, kept],
    configuration,
    environments: '.',
  })
}

describe('N-03: the byte at which a quarantined row begins in its file', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(() => lake.close())

  const run = (source: SourceDefinition, options: { readonly inMemoryBytes?: number; readonly day?: bigint } = {}) =>
    runLakehouse({ ...lake.options(stock(source), {}, testClock + (options.day ?? 0n) * dayMicros), ...options })
  const records = (source: SourceDefinition) => quarantineRecords(runContext(lake.options(stock(source)), []))
  /** What stands in the file at the offset of each quarantined row, as much as is told of it. */
  const found = async (source: SourceDefinition, text: string | Uint8Array) => {
    const bytes = Buffer.from(text)
    return (await records(source)).map(({ stage, record, sourceOffset }) => {
      if (sourceOffset === null) return null
      const end = stage === 'read' ? Buffer.byteLength(record) : undefined
      const there = bytes.subarray(Number(sourceOffset))
      return end === undefined ? there.toString().split(/\r\n|\r|\n/)[0] : there.toString('utf8', 0, end)
    })
  }
  const paths = [
    ['in memory', undefined],
    ['streamed', 0],
  ] as const

  const lines = ['name,quantity', 'good,1', '"two\nlines",many', '', 'bad,-2', '"três\r\nlignes",x', ',3', 'last,-4']
  const expected = ['"two\nlines",many', 'bad,-2', '"três\r\nlignes",x', ',3', 'last,-4']

  for (const [how, inMemoryBytes] of paths) {
    const options = inMemoryBytes === undefined ? {} : { inMemoryBytes }
    it.each([
      ['\\n', '\n', ''],
      ['\\r\\n', '\r\n', ''],
      ['\\r', '\r', ''],
      ['a byte order mark', '\n', '\ufeff'],
    ])(`of CSV with %s, ${how}`, async (_, end, mark) => {
      const text = `${mark}${lines.join(end)}${end}`
      lake.land('f.csv', text)
      const source = csvFiles('*.csv', { maxMalformed: 1 })
      await run(source, options)
      expect(await found(source, text)).toEqual(expected)
    })

    it(`of JSON lines and of an array, ${how}`, async () => {
      const items = [
        '{"name":"good","quantity":1}',
        '{"name":"é","quantity":"x"}',
        '{"name":"bad","quantity":-2}',
        '{"a":',
      ]
      lake.land('lines.json', `\ufeff${items.join('\r\n')}`)
      const source = jsonFiles('*.json', { maxMalformed: 1 })
      await run(source, options)
      expect(await found(source, `\ufeff${items.join('\r\n')}`)).toEqual(items.slice(1))
      const array = ` [ ${items[0]!},\n\t${items[1]!} ,${items[2]!}\n]`
      lake.land('array.json', array)
      await run(source, { ...options, day: 1n })
      const columns = ['source_file', 'source_offset', 'stage', 'source_line']
      const offset = (item: string): number => Buffer.from(array).indexOf(item)
      // Items that share a line count on from it, so that each has one of its own.
      expect((await lake.rows(quarantinePath, ...columns)).filter((row) => row.includes('array'))).toEqual([
        `{"source_file":"array.json","source_offset":${offset(items[1]!)},"stage":"read","source_line":2}`,
        `{"source_file":"array.json","source_offset":${offset(items[2]!)},"stage":"rule","source_line":3}`,
      ])
    })
  }

  it('of packed files: in what they unpack to', async () => {
    const text = lines.join('\n')
    const source = csvFiles('*', { maxMalformed: 1 })
    lake.land('f.csv.gz', gzipSync(text))
    await run(source)
    expect(await found(source, text)).toEqual(expected)
    lake.land('g.tar', tarOf(['a.csv', 'name,quantity\nx,1\n'], ['b.csv', text]))
    await run(source, { day: 1n })
    expect(await found(source, text)).toEqual([...expected, ...expected])
  })

  it.each(['utf-16le', 'latin1'] as const)('of %s: in the text as UTF-8', async (encoding) => {
    const text = lines.join('\n')
    lake.land('f.csv', Buffer.from(text, encoding))
    const source = csvFiles('*.csv', { maxMalformed: 1, options: { encoding } })
    await run(source)
    expect(await found(source, text)).toEqual(expected)
  })

  it('of a file that several workers read', async () => {
    const filler = Array.from({ length: 40_000 }, (_, i) => `"${String(i).padStart(900, '.')}",1\n`).join('')
    const text = `name,quantity\n${filler}\n"a\nb",-1\nx,y\n${filler.slice(0, 905 * 100)}z,-2\n`
    expect(text.length).toBeGreaterThan(32 * 1024 * 1024)
    lake.land('f.csv', text)
    const source = csvFiles('*.csv', { profile: false })
    await run(source, { inMemoryBytes: 0 })
    expect(await found(source, text)).toEqual(['"a', 'x,y', 'z,-2'])
  })

  it('of an archived file; of one that is deleted or replaced nobody knows it', async () => {
    const text = lines.join('\n')
    lake.land('f.csv', text)
    const archived = csvFiles('*.csv', { maxMalformed: 1, afterIngest: 'archive' })
    await run(archived)
    expect(existsSync(join(lake.landing, 'f.csv'))).toBe(false)
    expect(await found(archived, text)).toEqual(expected)
    lake.land('g.csv', text)
    const deleted = csvFiles('*.csv', { maxMalformed: 1, afterIngest: 'delete' })
    await run(deleted, { day: 1n })
    // What was malformed was told while the file was there.
    expect((await found(deleted, text)).slice(expected.length)).toEqual([expected[0], null, expected[2], null, null])
  })

  it('rows of Parquet have none', async () => {
    const twin = csvFiles('*.csv', { maxMalformed: 1 })
    lake.land('f.csv', 'name,quantity\ngood,1\nbad,-2\n')
    await run(twin)
    const raw = await lake.open('raw/items')
    const uri = `file://${join(lake.folder, 'copy')}`
    const copy = await DeltaTable.createWith(lake.session, uri, scan(raw.provider()).select('name', 'quantity'))
    const [file] = [...copy.snapshot.files.values()]
    rmSync(join(lake.folder, 'lake'), { recursive: true })
    rmSync(join(lake.landing, 'f.csv'))
    lake.land('f.parquet', readFileSync(join(lake.folder, 'copy', file!.path)))
    const source = parquetFiles('*.parquet')
    await run(source)
    expect((await records(source)).map((row) => [row.stage, row.sourceLine, row.sourceOffset])).toEqual([
      ['rule', 2n, null],
    ])
  })

  it('a quarantine of before has none, is reviewed as it is, and gets the column with its next row', async () => {
    const source = csvFiles('*.csv', { maxMalformed: 1 })
    lake.land('f.csv', lines.join('\n'))
    await run(source)
    const { session } = lake
    const today = scan((await lake.open(quarantinePath)).provider())
    const former = await session.materialise(today.drop('source_offset'))
    rmSync(join(lake.root, quarantinePath), { recursive: true })
    await DeltaTable.createWith(session, `file://${join(lake.root, quarantinePath)}`, scan(former))
    expect((await records(source)).map((row) => row.sourceOffset)).toEqual(Array(expected.length).fill(null))
    await run(source, { day: 1n })
    expect(await lake.version(quarantinePath)).toBe(0)
    lake.land('g.csv', 'name,quantity\nbad,-2\n')
    await run(source, { day: 2n })
    expect((await records(source)).map((row) => row.sourceOffset)).toEqual([...Array(expected.length).fill(null), 14n])
  })

  it('a person is told it, and a row that was released and fails again has it still', async () => {
    const source = csvFiles('*.csv', { maxMalformed: 1 })
    lake.land('f.csv', 'name,quantity\ngood,1\nbad,-2\n')
    await run(source)
    const [bad] = await records(source)
    const line = correctionLine(bad!, stock(source).tables[0]!)
    expect(JSON.parse(line)).toMatchObject({ _place: 'f.csv:3', _offset: 21, quantity: -2 })
    const corrected = JSON.stringify({ ...(JSON.parse(line) as object), quantity: -3 })
    await releaseQuarantined(corrected, runContext(lake.options(stock(source)), []))
    await run(source, { day: 1n })
    const again = (await records(source)).map((row) => [row.record.includes('-3'), row.sourceOffset])
    expect(again).toEqual([[true, 21n]])
  })

  it('M-009 M-065: of an array on one line, a refused item takes no other with it, and is released alone', async () => {
    const items = ['{"name":"a","quantity":1}', '{"name":"b","quantity":-2}', '{"name":"c","quantity":3}']
    lake.land('f.json', `[${items.join()}]`)
    const source = jsonFiles('*.json')
    await run(source)
    const kept = () => lake.rows('processed/kept')
    expect(await kept()).toEqual([items[0], items[2]])
    const [bad] = await records(source)
    expect([bad!.sourceLine, bad!.sourceOffset]).toEqual([2n, 1n + BigInt(items[0]!.length + 1)])
    const line = correctionLine(bad!, stock(source).tables[0]!)
    const corrected = JSON.stringify({ ...(JSON.parse(line) as object), quantity: 2 })
    await releaseQuarantined(corrected, runContext(lake.options(stock(source)), []))
    await run(source, { day: 1n })
    expect(await kept()).toEqual([items[0], '{"name":"b","quantity":2}', items[2]])
  })
})
