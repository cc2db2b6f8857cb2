import { existsSync, readdirSync } from 'node:fs'
import { col, lit } from '@deltaworks/expression'
import * as z from 'zod/mini'
import { scan, type DataFrame } from '@deltaworks/plan'
import { anyFrame, type AnyFrame } from '../any-frame.js'
import { bigint, integer, string } from '../column-definition.js'
import { defineLakehouse } from '../lakehouse-definition.js'
import { quarantinePath } from '../quarantine.js'
import { runLakehouse } from '../run.js'
import { latestPublication } from '../runs/publication.js'
import { runRecorded } from '../runs/recorded-run.js'
import { logicalHash } from '../runs/table-hash.js'
import { csvFiles } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { countedQueries } from '../testing/counted-queries.js'
import { errorOf, TestLake } from '../testing/test-lake.js'

type SourceOptions = NonNullable<Parameters<typeof csvFiles>[1]>
type Derive = (landed: DataFrame) => AnyFrame

const stock = (options: SourceOptions, derive?: Derive) =>
  defineLakehouse({
    name: 'stock',
    description: 'For tests.',
    tables: [
      defineTable({
        name: 'stock',
        layer: 'raw',
        columns: { id: bigint(), items: integer(), shelf: string().derived() },
        source: csvFiles('stock*.csv', options),
        derive: derive ?? ((landed) => landed.withColumn('shelf', lit('a'))),
      }),
    ],
    configuration: z.strictObject({}),
    environments: '.',
  })

const lines = (from: number, count: number): string =>
  `id,items\n${Array.from({ length: count }, (_, i) => `${from + i},${i % 10 === 9 ? 'many' : i}\n`).join('')}`

describe('landing pass', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
    lake.land('stock_1.csv', lines(0, 50))
    lake.land('stock_2.csv', lines(1000, 30))
  })
  afterEach(() => lake.close())

  const run = (options: SourceOptions = {}, inMemoryBytes = 0, derive?: Derive) =>
    runLakehouse({ ...lake.options(stock({ maxMalformed: 0.2, ...options }, derive)), inMemoryBytes })
  const parquetFiles = (): string[] =>
    existsSync(lake.root)
      ? readdirSync(lake.root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'))
      : []
  const filesOf = (path: string): string[] => parquetFiles().filter((name) => name.startsWith(path))

  const readsOf = (work: () => Promise<unknown>, name = 'landing of stock'): Promise<number> =>
    countedQueries(new RegExp(name), work)

  it('M-008 M-021: reads files once, and gives the rows, the quarantine and the profile of those that are kept in memory', async () => {
    const found = []
    for (const inMemoryBytes of [1 << 20, 0]) {
      const { profiles, quarantined, steps } = await run({}, inMemoryBytes)
      found.push({
        profiles: profiles.map((profile) => ({ ...profile, drift: [] })),
        quarantined,
        steps: steps.map(({ step, rowsIn, rowsOut, rowsQuarantined }) => ({ step, rowsIn, rowsOut, rowsQuarantined })),
        rows: await lake.rows('raw/stock', 'id', 'items', 'shelf', 'source_file', 'source_line'),
        refused: await lake.rows(quarantinePath, 'source_file', 'source_line', 'record', 'reason'),
      })
      expect(filesOf('raw/stock/malformed')).toEqual([])
      await lake.close()
      lake = new TestLake()
      lake.land('stock_1.csv', lines(0, 50))
      lake.land('stock_2.csv', lines(1000, 30))
    }
    expect(found[1]).toEqual(found[0])
    expect(found[0]!.rows).toHaveLength(72)
    expect(found[0]!.refused).toHaveLength(8)
    expect(await readsOf(() => run())).toBe(1)
  })

  it('M-065: what a run publishes of the rows that it adds is their hash, though none is read again', async () => {
    const options = { ...lake.options(stock({ maxMalformed: 0.2 })), environment: 'dev', inMemoryBytes: 0 }
    let published = ''
    for (let i = 0; i < 3; i++) {
      if (i > 0) lake.land(`stock_${i + 2}.csv`, lines(10_000 * i, 20 * i))
      const readsTable = readsOf(
        () => runRecorded({ ...options, nowMicros: options.nowMicros + BigInt(i) * 1_000_000n }),
        'raw/stock',
      )
      expect(await readsTable).toBe(0)
      const { hashes, versions } = (await latestPublication(options.root))!
      const rows = scan((await lake.open('raw/stock')).provider())
      let whole = ''
      const hashing = async (): Promise<unknown> => (whole = await logicalHash(lake.session, rows))
      // What is looked for is there when the table is read.
      expect(await readsOf(hashing, 'raw/stock')).toBeGreaterThan(0)
      expect([hashes['raw/stock'], versions['raw/stock']]).toEqual([whole, i])
      expect(hashes['raw/stock']).not.toBe(published)
      published = hashes['raw/stock']!
    }
  })

  it('M-019: too many malformed rows refuse the source, and leave nothing', async () => {
    expect((await errorOf(() => run({ maxMalformed: 0.05 }))).code).toBe('DW-LAKEHOUSE-0010')
    expect((await errorOf(() => run({ malformed: 'fail' }))).message).toContain('stock_1.csv')
    expect(parquetFiles()).toEqual([])
    expect((await errorOf(() => lake.open('raw/stock'))).code).toBe('DW-DELTA-0001')
    await run()
    lake.land('stock_3.csv', lines(2000, 40))
    const before = filesOf('raw/stock')
    expect((await errorOf(() => run({ maxMalformed: 0.05 }))).code).toBe('DW-LAKEHOUSE-0010')
    expect(filesOf('raw/stock')).toEqual(before)
  })

  it('M-011: files that were replaced, and rows that are left out, are read as often as it takes', async () => {
    const few: Derive = (landed) => anyFrame(landed.withColumn('shelf', lit('a'))).filter(col('items').lt(lit(3)))
    await run({}, 0, few)
    expect(await lake.count('raw/stock')).toBe(6)
    lake.land('stock_1.csv', lines(500, 20))
    lake.land('stock_3.csv', lines(3000, 10))
    await run({}, 0, few)
    expect(await lake.rows('raw/stock', 'id')).toEqual(
      [1000, 1001, 1002, 3000, 3001, 3002, 500, 501, 502].map((id) => `{"id":${id}}`),
    )
  })
})
