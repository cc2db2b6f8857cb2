import { gzipSync } from 'node:zlib'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { errorOf, TestLake } from '../testing/test-lake.js'
import { inferDefinition, type InferOptions } from './infer-definition.js'

describe('M-014 M-019: infer', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(() => lake.close())
  const infer = (files: string, more: Partial<InferOptions> = {}) =>
    inferDefinition({ session: lake.session, landing: `file://${lake.landing}`, files, ...more })
  const typesOf = async (files: string) =>
    Object.fromEntries((await infer(files)).columns.map((c) => [c.column, c.type]))

  it('M-014: names, types, dialect and patterns of a source of several files, one of them packed', async () => {
    lake.land('in/Orders_1.csv', 'ORDER ID;Größe;Day;Paid at;zip;note\n1;1.5;2/1/2026;2/1/2026 9:05;01234;a\n')
    lake.land(
      'in/Orders_2.csv.gz',
      gzipSync('order id;Größe;Day;Paid at;zip\n3000000000;2;2/28/2026;2/28/2026 10:00;99999\n'),
    )
    const found = await infer('in/Orders_*')
    expect(found).toMatchObject({ table: 'orders', files: 2, rows: 2, confidence: 1 })
    expect(found.source)
      .toBe(`import { bigint, csvFiles, date, defineTable, double, string, timestamp } from '@deltaworks/lakehouse/definitions'

/** Inferred from 2 files with 2 rows, of which 100 % fit. */
export const orders = defineTable({
  name: 'orders',
  layer: 'raw',
  columns: {
    order_id: bigint().from('order id'),
    grosse: double().from('Größe'),
    day: date().pattern('M/d/yyyy'),
    paid_at: timestamp().from('Paid at').pattern('M/d/yyyy H:mm'),
    zip: string(),
    note: string().optional(),
  },
  source: csvFiles('in/Orders_*', { options: { separator: ';' } }),
})
`)
  })

  it('M-019: the confidence is a count over all rows, not over the sample', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i},${i % 100 === 99 && i > 10_000 ? 'many' : i % 9}`)
    lake.land('stock.csv', `id,items\n${rows.join('\n')}\n`)
    const { columns, confidence, source } = await infer('stock.csv')
    expect(confidence).toBe(0.995)
    expect(columns.map((c) => [c.column, c.type, c.confidence])).toEqual([
      ['id', 'integer', 1],
      ['items', 'integer', 0.995],
    ])
    expect(source).toContain('items: integer(), // 99.5 % of rows fit')
  })

  it('M-019: a date that may be read in two ways is told, unless another file settles it', async () => {
    lake.land('a_1.csv', 'day,x\n2/1/2026,1\n')
    expect((await infer('a_*.csv')).columns[0]).toMatchObject({
      type: 'date',
      remark: 'M/d/yyyy is a guess: d/M/yyyy fit as well',
    })
    lake.land('a_2.csv', 'day,x\n13/1/2026,1\n')
    const { columns, source, confidence } = await infer('a_*.csv')
    expect([columns[0]!.remark, confidence]).toEqual([null, 1])
    expect(source).toContain("day: date().pattern('d/M/yyyy'),")
  })

  it('M-009 M-010: JSON with nested members, and names that collide', async () => {
    lake.land('e.jsonl', '{"id":1,"userName":"a","user name":"b","tags":[1],"ok":true,"none":null}\n')
    expect(await typesOf('e.jsonl')).toEqual({
      id: 'bigint',
      user_name: 'string',
      user_name_2: 'string',
      tags: 'list',
      ok: 'boolean',
      none: 'string',
    })
    const { source, confidence } = await infer('e.jsonl')
    expect(source).toContain('    // tags: nested (list): not declared, and ignored in files')
    expect(source).toContain("source: jsonFiles('e.jsonl', { extraColumns: 'ignore' }),")
    expect(confidence).toBe(1)
  })

  it('M-014: what it writes is a module that Node reads, and that declares the same table', async () => {
    lake.land('o.csv', "it's,b\n1,2\n")
    const { source } = await infer('o.csv')
    const folder = join(lake.folder, 'module')
    mkdirSync(folder)
    const resolved = import.meta.resolve('@deltaworks/lakehouse/definitions')
    writeFileSync(join(folder, 'o.mjs'), source.replace('@deltaworks/lakehouse/definitions', resolved))
    const script = `import { o } from './o.mjs'; console.log(JSON.stringify(o.schema.fields.map((f) => f.name + ' ' + f.type.kind)))`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([
      'it_s int32',
      'b int32',
      'source_file string',
      'source_line int64',
      'ingestion_date date',
    ])
  })

  it('M-019: no file is an error that names the glob', async () => {
    expect(await errorOf(() => infer('nothing*.csv'))).toMatchObject({ code: 'DW-LAKEHOUSE-0006' })
  })
})
