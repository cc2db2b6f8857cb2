import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DeltaTable } from '@deltaworks/delta-table'
import { values } from '@deltaworks/plan'
import {
  date as dateType,
  decimal as decimalType,
  field,
  int32,
  schema,
  string as stringType,
} from '@deltaworks/schema'
import * as z from 'zod/mini'
import { date, decimal, integer, string } from './column-definition.js'
import { defineLakehouse, type LakehouseDefinition } from './lakehouse-definition.js'
import { quarantinePath } from './quarantine.js'
import { csvFiles, jsonFiles, parquetFiles, type SourceDefinition } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { orderLines, shopConfiguration, smallShop } from './testing/small-shop.js'
import { errorOf, TestLake } from './testing/test-lake.js'

const ordersFrom = (source: SourceDefinition): LakehouseDefinition =>
  defineLakehouse({
    name: 'landing',
    description: 'One raw table.',
    tables: [
      defineTable({
        name: 'orders',
        layer: 'raw',
        columns: { id: integer(), product: string(), price: decimal(10, 2), day: date() },
        source,
      }),
    ],
    configuration: z.strictObject({}),
    environments: '.',
  })

describe('landing files', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(() => lake.close())

  const twinRows = [
    '{"id":1,"product":"ball, \\"red\\"","price":"1.50","day":"2026-01-01"}',
    '{"id":2,"product":"Ölkännchen","price":"-9.99","day":"2026-02-28"}',
    '{"id":3,"product":null,"price":"0.00","day":null}',
  ]
  const columns = ['id', 'product', 'price', 'day']

  it.each([
    ['\\n', '\n'],
    ['\\r', '\r'],
    ['\\r\\n', '\r\n'],
  ])('M-008: CSV with %s line ends and quotes loses no row', async (_, end) => {
    lake.land(
      'o.csv',
      ['id,product,price,day', '1,"ball, ""red""",1.50,2026-01-01', '2,Ölkännchen,-9.99,2026-02-28', '3,,0,'].join(end),
    )
    await lake.run(ordersFrom(csvFiles('*.csv')))
    expect(await lake.rows('raw/orders', ...columns)).toEqual(twinRows)
  })

  it('M-009: JSON lines give the same table as their CSV twin', async () => {
    lake.land(
      'o.jsonl',
      '{"id":1,"product":"ball, \\"red\\"","price":1.50,"day":"2026-01-01"}\n' +
        '{"product":"Ölkännchen","id":2,"price":-9.99,"day":"2026-02-28"}\n{"id":3,"product":null,"price":0,"day":null}\n',
    )
    await lake.run(ordersFrom(jsonFiles('*.jsonl')))
    expect(await lake.rows('raw/orders', ...columns)).toEqual(twinRows)
  })

  it('M-009 M-065: malformed lines of JSON are quarantined with their line, and the others land', async () => {
    const good = Array.from({ length: 20 }, (_, i) => `{"id":${i},"product":"p","price":1,"day":"2026-01-01"}`)
    lake.land('o.jsonl', [...good, '{"id":', '{"id":"x","price":1}'].join('\n'))
    await lake.run(ordersFrom(jsonFiles('*.jsonl')))
    expect(await lake.count('raw/orders')).toBe(20)
    expect(await lake.rows(quarantinePath, 'source_file', 'source_line', 'record')).toEqual([
      '{"source_file":"o.jsonl","source_line":21,"record":"{\\"id\\":"}',
      '{"source_file":"o.jsonl","source_line":22,"record":"{\\"id\\":\\"x\\",\\"price\\":1}"}',
    ])
  })

  it('M-010: Parquet gives the same table as its CSV twin', async () => {
    const twin = values(
      schema([
        field('id', int32),
        field('product', stringType),
        field('price', decimalType(10, 2)),
        field('day', dateType),
      ]),
      [
        [1, 'ball, "red"', 150n, 20_454],
        [2, 'Ölkännchen', -999n, 20_512],
        [3, null, 0n, null],
      ],
    )
    const made = join(lake.folder, 'made')
    await DeltaTable.createWith(lake.session, `file://${made}`, twin, {})
    const [file] = readdirSync(made).filter((name) => name.endsWith('.parquet'))
    copyFileSync(join(made, file!), join(lake.landing, 'o.parquet'))
    const result = await lake.run(ordersFrom(parquetFiles('*.parquet')))
    expect(result.status).toBe('succeeded')
    expect(await lake.rows('raw/orders', ...columns)).toEqual(twinRows)
    expect(await lake.rows('raw/orders', 'source_line')).toEqual([1, 2, 3].map((line) => `{"source_line":${line}}`))
  })

  it('M-065 M-058: malformed rows wait in quarantine with file, line, reason, record and run; good + quarantined = landed', async () => {
    lake.land(
      'orders_1.csv',
      orderLines(
        '1,ball,2,1.50,2026-01-01',
        'two,ball,2,1.50,2026-01-01',
        '3,ball,2',
        '4,ball,2,1.50,2026-01-01,surplus',
        '5,ball,2,1.50,2026-02-30',
        '6,ball,1,2.00,2026-01-01',
        '7,ball,1,2.00,2026-01-01',
        '8,ball,1,2.00,2026-01-01',
      ),
    )
    const result = await lake.run(smallShop(), shopConfiguration)
    expect(result.status).toBe('warnings')
    expect(result.steps.find((s) => s.kind === 'ingest')).toMatchObject({ rowsIn: 8, rowsOut: 4, rowsQuarantined: 4 })
    const quarantined = await lake.rows(quarantinePath)
    const lines = quarantined.map((line) => JSON.parse(line) as Record<string, string | number>)
    expect(lines.map((row) => [row['source_line'], row['record']]).sort()).toEqual([
      [3, 'two,ball,2,1.50,2026-01-01'],
      [4, '3,ball,2'],
      [5, '4,ball,2,1.50,2026-01-01,surplus'],
      [6, '5,ball,2,1.50,2026-02-30'],
    ])
    expect(lines.every((row) => row['source_file'] === 'orders_1.csv' && row['rules'] === 'well_formed')).toBe(true)
    expect(lines.every((row) => row['run_id'] === result.runId && String(row['reason']).length > 0)).toBe(true)
    expect(lines.find((row) => row['source_line'] === 3)!['reason']).toMatch(/id/)
  })

  it('M-065: rows that a rule refuses wait in quarantine, and nothing is built from them', async () => {
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01', '2,ball,-2,1.50,2026-01-01'))
    await lake.run(smallShop(), shopConfiguration)
    const [row] = await lake.rows(
      quarantinePath,
      'table_name',
      'stage',
      'disposition',
      'rules',
      'source_file',
      'source_line',
    )
    expect(JSON.parse(row!)).toEqual({
      table_name: 'orders',
      stage: 'rule',
      disposition: 'refused',
      rules: 'quantity_is_positive',
      source_file: 'orders_1.csv',
      source_line: 3,
    })
    expect(await lake.rows('analytics/days')).toEqual(['{"day":"2026-01-01","items":2,"large":0}'])
    expect(await lake.count('raw/orders')).toBe(2)
  })

  it('M-065: too many malformed rows fail the source, and nothing is written', async () => {
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01', 'a,b,c,d,e', 'f,g,h,i,j'))
    const error = await errorOf(() => lake.run(smallShop(), shopConfiguration))
    expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0010', fault: 'data' })
    expect(error.message).toMatch(/2 of 3 rows for "orders"/)
    expect(lake.files()).toEqual([])
  })

  describe('M-019: the contract of columns', () => {
    const refused = async (content: string | Uint8Array) => {
      lake.land('orders_1.csv', content)
      const error = await errorOf(() => lake.run(smallShop(), shopConfiguration))
      expect(error.code).toMatch(/^DW-[A-Z]+-\d{4}$/)
      expect(error.message).toMatch(/orders_1\.csv/)
      expect(error.message).not.toMatch(/\n\s+at /)
      expect(lake.files()).toEqual([])
      return error.message
    }

    it('a missing column is a named error', async () => {
      expect(await refused('id,product,price,day\n1,ball,1.50,2026-01-01\n')).toMatch(/quantity/)
    })
    it('an extra column is a named error', async () => {
      expect(await refused('id,product,quantity,price,day,colour\n1,ball,1,1.50,2026-01-01,red\n')).toMatch(/colour/)
    })
    it('an empty file is an error', async () => {
      expect(await refused('')).toMatch(/empty|header/i)
    })
    it('a file that is not CSV is an error', async () => {
      const bytes = Uint8Array.from({ length: 4_000 }, (_, i) => (i * 7_919 + (i >> 3)) % 256)
      await refused(bytes)
    })
    it('a Parquet file under a CSV name is an error', async () => {
      await refused(Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(200, 0), Buffer.from('PAR1')]))
    })

    it('an extra column that the source ignores is left out', async () => {
      lake.land('orders_1.csv', 'id,product,quantity,price,day,colour\n1,ball,1,1.50,2026-01-01,red\n')
      await lake.run(smallShop({ extra: 'ignore' }), shopConfiguration)
      expect(await lake.rows('raw/orders', 'id', 'day')).toEqual(['{"id":1,"day":"2026-01-01"}'])
    })
    it('columns in another order are taken by name', async () => {
      lake.land('orders_1.csv', 'day,price,quantity,product,id\n2026-01-01,1.50,2,ball,1\n')
      await lake.run(smallShop(), shopConfiguration)
      expect(await lake.rows('raw/orders', 'id', 'product', 'quantity', 'price', 'day')).toEqual([
        '{"id":1,"product":"ball","quantity":2,"price":"1.50","day":"2026-01-01"}',
      ])
    })
    it('a value of another type is a quarantined row', async () => {
      lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01', '2,ball,many,1.50,2026-01-01'))
      await lake.run(smallShop(), shopConfiguration)
      expect(await lake.rows(quarantinePath, 'source_line', 'record')).toEqual([
        '{"source_line":3,"record":"2,ball,many,1.50,2026-01-01"}',
      ])
    })
    it('a file with a header only lands no row, once', async () => {
      lake.land('orders_1.csv', orderLines())
      const result = await lake.run(smallShop(), shopConfiguration)
      expect(result.status).not.toBe('quality_failed')
      expect(await lake.count('raw/orders')).toBe(0)
      expect((await lake.run(smallShop(), shopConfiguration)).status).toBe('unchanged')
    })
    it('no file at all is an error that names the pattern', async () => {
      const error = await errorOf(() => lake.run(smallShop(), shopConfiguration))
      expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0006', fault: 'usage' })
      expect(error.message).toMatch(/orders\*\.csv/)
    })
    it('a Parquet file with a missing or an undeclared column is a named error', async () => {
      const made = join(lake.folder, 'made')
      const other = values(schema([field('id', int32), field('goods', stringType)]), [[1, 'ball']])
      await DeltaTable.createWith(lake.session, `file://${made}`, other, {})
      const [file] = readdirSync(made).filter((name) => name.endsWith('.parquet'))
      copyFileSync(join(made, file!), join(lake.landing, 'o.parquet'))
      const error = await errorOf(() => lake.run(ordersFrom(parquetFiles('*.parquet'))))
      expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0011', fault: 'data' })
      expect(error.message).toMatch(/^o\.parquet .* product, price, day missing; goods not declared/)
      expect(lake.files()).toEqual([])
    })
    it('a truncated Parquet landing file is an error that names it', async () => {
      lake.land('o.parquet', Buffer.from('PAR1 was cut off'))
      const error = await errorOf(() => lake.run(ordersFrom(parquetFiles('*.parquet'))))
      expect(error.code).toMatch(/^DW-/)
      expect(error.message).toMatch(/o\.parquet/)
      expect(lake.files()).toEqual([])
    })
  })

  const asRoot = process.getuid?.() === 0
  ;(asRoot ? it.skip : it)('O-03 M-004: a root that cannot be written is an error that names it', async () => {
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01'))
    mkdirSync(lake.root)
    chmodSync(lake.root, 0o500)
    const error = await errorOf(() => lake.run(smallShop(), shopConfiguration))
    chmodSync(lake.root, 0o700)
    expect(error).toMatchObject({ fault: 'storage' })
    expect(error.message).toContain(lake.root)
  })
  it('M-004: a root that is a file is an error that names it, and the file stays', async () => {
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01'))
    lake.land('../lake', 'a file')
    const error = await errorOf(() => lake.run(smallShop(), shopConfiguration))
    expect(error).toMatchObject({ fault: 'storage' })
    expect(error.message).toContain(lake.root)
    expect(lake.read('lake')).toBe('a file')
    expect(existsSync(lake.root)).toBe(true)
  })
})
