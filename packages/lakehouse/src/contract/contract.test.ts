import { writeFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalLine } from '@deltaworks/formats'
import { scan } from '@deltaworks/plan'
import * as z from 'zod/mini'
import { bigint, date, integer, string, type Columns } from '../column-definition.js'
import { defineLakehouse } from '../lakehouse-definition.js'
import { planRun } from '../plan-run.js'
import { quarantinePath } from '../quarantine.js'
import { runLakehouse } from '../run.js'
import { csvFiles, jsonFiles, type SourceDefinition } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { errorOf, testClock, TestLake } from '../testing/test-lake.js'
import { validateLakehouse } from '../validate.js'

const day = 86_400_000_000n

function lakehouseOf(
  source: SourceDefinition,
  columns: Columns = { id: bigint(), name: string() },
  partitionBy = false,
) {
  const table = defineTable({
    name: 'people',
    layer: 'raw',
    columns,
    source,
    ...(partitionBy ? { partitionBy: ['ingestion_date'] as const } : {}),
  })
  return defineLakehouse({
    name: 'people',
    description: 'For tests.',
    tables: [table],
    configuration: z.strictObject({}),
    environments: '.',
  })
}

describe('contracts of landing files', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(() => lake.close())
  const run = (source: SourceDefinition, columns?: Columns, nowMicros = testClock) =>
    lake.run(lakehouseOf(source, columns), {}, nowMicros)
  const rows = (...columns: readonly string[]) => lake.rows('raw/people', ...columns)

  describe('M-019: columns that nobody declared', () => {
    it('are kept as JSON', async () => {
      const source = csvFiles('p*.csv', { extraColumns: 'rescue' })
      lake.land('p1.csv', 'id,name\n1,a\n')
      await run(source)
      lake.land('p2.csv', 'id,Loyalty Points,name\n2,17,b\n')
      await run(source)
      expect(await rows('id', '_rescued')).toEqual([
        '{"id":1,"_rescued":null}',
        '{"id":2,"_rescued":"{\\"Loyalty Points\\":\\"17\\"}"}',
      ])
    })

    it('are added to the table, and stay of it when a file lacks them', async () => {
      const source = csvFiles('p*.csv', { extraColumns: 'add' })
      lake.land('p1.csv', 'id,name\n1,a\n')
      lake.land('p2.csv', 'id,Loyalty Points,name\n2,17,b\n')
      await run(source)
      lake.land('p3.csv', 'id,name,tier\n3,c,gold\n')
      await run(source)
      lake.land('p4.csv', 'id,name,loyalty_points\n4,d,x\n')
      const { status } = await run(source)
      expect(status).toBe('succeeded')
      expect(await rows('id', 'loyalty_points', 'tier')).toEqual([
        '{"id":1,"loyalty_points":null,"tier":null}',
        '{"id":2,"loyalty_points":"17","tier":null}',
        '{"id":3,"loyalty_points":null,"tier":"gold"}',
        '{"id":4,"loyalty_points":"x","tier":null}',
      ])
      expect((await run(source)).status).toBe('unchanged')
    })

    it('are refused if two of them would get one name', async () => {
      lake.land('p1.csv', 'id,name,a b,a-b\n1,a,1,2\n')
      const error = await errorOf(() => run(csvFiles('p*.csv', { extraColumns: 'add' })))
      expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0011', message: expect.stringContaining('a-b not declared') })
    })

    it('M-009: members of JSON are added, rescued where they come late, and refused by record', async () => {
      const late = Array.from({ length: 30_000 }, (_, id) => `{"id":${id},"name":"some name of a person","tier":"a"}`)
      lake.land('p.json', `${late.join('\n')}\n{"id":-1,"late":true}\n`)
      await run(jsonFiles('p*.json', { extraColumns: 'add' }))
      const found = (await rows('id', 'tier', '_rescued')).filter((row) => /"id":(-1|7),/.test(row))
      expect(found).toEqual([
        '{"id":-1,"tier":null,"_rescued":"{\\"late\\":true}"}',
        '{"id":7,"tier":"a","_rescued":null}',
      ])
    })

    it('M-009: a record of JSON with members that are refused waits in quarantine', async () => {
      lake.land('p.json', '{"id":1}\n{"id":2,"x":1}\n')
      await run(jsonFiles('p*.json', { extraColumns: 'error', maxMalformed: 1 }))
      expect(await rows('id')).toEqual(['{"id":1}'])
      expect(await lake.rows(quarantinePath, 'source_line', 'reason')).toEqual([
        '{"source_line":2,"reason":"members that are not declared: {\\"x\\":1}"}',
      ])
    })

    it('M-010: rescuing is refused for Parquet', async () => {
      const define = () => lakehouseOf({ ...csvFiles('p'), format: 'parquet', extraColumns: 'rescue' })
      expect(await errorOf(define)).toMatchObject({ code: 'DW-LAKEHOUSE-0001', fault: 'usage' })
    })
  })

  describe('M-019: a definition that changes', () => {
    const source = csvFiles('p*.csv', { extraColumns: 'ignore' })
    const planned = async (columns: Columns) => (await planRun(lake.options(lakehouseOf(source, columns))))[0]!

    it('adds columns to its table by a schema merge', async () => {
      lake.land('p1.csv', 'id,name,age\n1,a,30\n')
      await run(source)
      lake.land('p2.csv', 'id,name,age\n2,b,40\n')
      const columns = { id: bigint(), age: integer(), name: string() }
      expect(await planned(columns)).toMatchObject({
        action: 'ingest',
        reason: 'p2.csv is new, the table changes: "age" is new (int)',
      })
      await run(source, columns)
      expect(await rows('id', 'age')).toEqual(['{"id":1,"age":null}', '{"id":2,"age":40}'])
    })

    it('lets columns go that may be null', async () => {
      lake.land('p1.csv', 'id,name\n1,a\n')
      await run(source)
      lake.land('p2.csv', 'id,name\n2,b\n')
      await run(source, { id: bigint() })
      expect(await rows('id', 'name')).toEqual(['{"id":1,"name":"a"}', '{"id":2,"name":null}'])
    })

    it('is stopped with every difference if rows that are there do not allow it, and nothing changes', async () => {
      lake.land('p1.csv', 'id,name\n1,a\n')
      await run(source)
      lake.land('p2.csv', 'id,name\n2,x\nbad,y\n')
      const before = lake.files()
      const columns = { id: integer(), name: date(), code: string().notNull(), more: string().optional() }
      const error = await errorOf(() => run({ ...source, maxMalformed: 1 }, columns))
      expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0030', fault: 'usage' })
      expect(error.message).toContain(
        '"people" has changed in a way that its rows (version 0) do not allow: "id" is bigint in the table and int in the definition; ' +
          '"name" is string in the table and date in the definition; "code" is new and must not be null, but rows that are ' +
          'there have no value for it; "more" is new (string)',
      )
      expect(await planned(columns)).toMatchObject({ action: 'stop', reason: error.message })
      expect(lake.files()).toEqual(before)
    })

    it('M-017: cannot change how the table is partitioned', async () => {
      lake.land('p1.csv', 'id,name\n1,a\n')
      await run(source)
      lake.land('p2.csv', 'id,name\n2,b\n')
      const error = await errorOf(() => runLakehouse(lake.options(lakehouseOf(source, undefined, true))))
      expect(error.message).toContain('the table is partitioned by nothing, the definition by ingestion_date')
    })
  })

  it('M-007: audit columns say from which bytes, when and by which run a row came', async () => {
    const source = csvFiles('p*.csv', { audit: ['source_checksum', 'ingested_at', 'run_id'] })
    validateLakehouse(lakehouseOf(source), {})
    lake.land('p1.csv', 'id,name\n1,a\n')
    const { runId, files } = await run(source)
    const table = await lake.open('raw/people')
    const all = scan(table.provider()).select('source_file', 'source_checksum', 'ingested_at', 'run_id')
    const { schema, rows: found } = await lake.session.collect(all)
    expect(found.map((row) => canonicalLine(schema, row))).toEqual([
      `{"source_file":"p1.csv","source_checksum":"${files[0]!.sha256}","ingested_at":"2026-01-01T00:00:00.000000Z","run_id":"${runId}"}`,
    ])
  })

  it('M-023 M-011: rows are removed once they are as old as declared, and their files are not ingested again', async () => {
    const source = csvFiles('p*.csv', { retentionDays: 30 })
    const partitioned = lakehouseOf(source, undefined, true)
    lake.land('p1.csv', 'id,name\n1,a\n')
    await lake.run(partitioned)
    lake.land('p2.csv', 'id,name\n2,b\n')
    const second = await lake.run(partitioned, {}, testClock + 30n * day)
    expect([second.steps.map((step) => step.step), await rows('id')]).toEqual([
      ['ingest people'],
      ['{"id":1}', '{"id":2}'],
    ])
    const third = await lake.run(partitioned, {}, testClock + 31n * day)
    expect([third.steps.map((step) => step.step), await rows('id')]).toEqual([
      ['ingest people', 'expire people'],
      ['{"id":2}'],
    ])
    expect((await lake.run(partitioned, {}, testClock + 32n * day)).status).toBe('unchanged')
  })

  it('M-065: so many malformed rows, and not one more', async () => {
    lake.land('p1.csv', 'id,name\n1,a\nx,b\ny,c\n')
    const options = (maxMalformedRows: number) => csvFiles('p*.csv', { maxMalformed: 1, maxMalformedRows })
    expect(await errorOf(() => run(options(1)))).toMatchObject({ code: 'DW-LAKEHOUSE-0010', fault: 'data' })
    expect((await run(options(2))).quarantined).toBe(2)
  })

  it('M-007: links that lead out of the landing zone are refused, those within are not', async () => {
    mkdirSync(join(lake.folder, 'elsewhere'))
    writeFileSync(join(lake.folder, 'elsewhere/secret.csv'), 'id,name\n1,a\n')
    lake.land('in/p1.csv', 'id,name\n2,b\n')
    symlinkSync('in/p1.csv', join(lake.landing, 'p1.csv'))
    symlinkSync('../elsewhere', join(lake.landing, 'folder'))
    const source = csvFiles('**/p*.csv')
    await run(source)
    expect(await rows('id', 'source_file')).toEqual([
      '{"id":2,"source_file":"in/p1.csv"}',
      '{"id":2,"source_file":"p1.csv"}',
    ])
    symlinkSync('../elsewhere/secret.csv', join(lake.landing, 'p2.csv'))
    const before = lake.files()
    const error = await errorOf(() => run(source))
    expect(error).toMatchObject({
      code: 'DW-LAKEHOUSE-0031',
      message: expect.stringMatching(/^p2\.csv in .* leads out/),
    })
    expect(lake.files()).toEqual(before)
  })
})
