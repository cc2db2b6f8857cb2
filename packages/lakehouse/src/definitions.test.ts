import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agg, col, lit } from '@deltaworks/expression'
import { isPositive, type Rule } from '@deltaworks/quality'
import type { DataFrame } from '@deltaworks/plan'
import * as z from 'zod/mini'
import { bigint, date, integer, string, type Columns } from './column-definition.js'
import { loadConfiguration } from './configuration/load-configuration.js'
import { defineLakehouse, tableOf } from './lakehouse-definition.js'
import { csvFiles } from './source-definition.js'
import { defineTable, type TableDefinition } from './table-definition.js'
import { shopConfiguration, smallShop } from './testing/small-shop.js'
import { errorOf } from './testing/test-lake.js'
import { validateLakehouse } from './validate.js'

const raw = defineTable({
  name: 'orders',
  layer: 'raw',
  columns: { id: integer(), product: string(), day: date() },
  source: csvFiles('*.csv'),
})
const lakehouse = (...tables: readonly TableDefinition[]) =>
  defineLakehouse({ name: 'l', description: 'l', tables, configuration: z.strictObject({}), environments: '.' })
const built = (
  columns: Columns,
  build: (orders: DataFrame) => DataFrame | DataFrame<never>,
  quality: readonly Rule[] = [],
) =>
  lakehouse(
    raw,
    defineTable({
      name: 'out',
      layer: 'processed',
      columns,
      from: { raw },
      build: (inputs) => build(inputs.raw) as DataFrame,
      quality: () => quality,
    }),
  )

describe('definitions are checked before any data moves', () => {
  it('M-026: a sound lakehouse is valid, and its tables and rules are counted', () => {
    expect(validateLakehouse(smallShop(), shopConfiguration)).toEqual({ tables: 3, rules: 2 })
  })
  it('M-026: an unknown column in a build is found, with the columns there are', async () => {
    const error = await errorOf(() =>
      validateLakehouse(
        built({ id: integer() }, (o) => o.select(col('idd').as('id'))),
        {},
      ),
    )
    expect(error.message).toMatch(/idd/)
    expect(error.message).toMatch(/product/)
  })
  it('M-026: a type that differs from the declared one is found', async () => {
    const error = await errorOf(() =>
      validateLakehouse(
        built({ id: string() }, (o) => o.select(col('id'))),
        {},
      ),
    )
    expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0008', fault: 'usage' })
    expect(error.message).toMatch(/"id" is int and declared as string/)
  })
  it('M-026: a narrowing is refused, a widening is not', async () => {
    const counted = (o: DataFrame) => o.groupBy(col('product')).agg({ n: agg.count() })
    expect((await errorOf(() => validateLakehouse(built({ product: string(), n: integer() }, counted), {}))).code).toBe(
      'DW-LAKEHOUSE-0008',
    )
    expect(
      validateLakehouse(
        built({ n: bigint() }, (o) => o.select(col('id').as('n'))),
        {},
      ).tables,
    ).toBe(2)
  })
  it('M-026: a column that the build lacks and one that is not declared are both named', async () => {
    const error = await errorOf(() =>
      validateLakehouse(
        built({ a: integer() }, (o) => o.select(lit(1).as('b'))),
        {},
      ),
    )
    expect(error.message).toMatch(/"a" is missing; column "b" is not declared/)
  })
  it('M-026 M-056: a rule on a column that is not there is found', async () => {
    const lake = built({ id: integer() }, (o) => o.select(col('id')), [isPositive('amount')])
    const error = await errorOf(() => validateLakehouse(lake, {}))
    expect(error.code).toMatch(/^DW-QUALITY/)
    expect(error.message).toMatch(/amount/)
  })

  it('M-038: a foreign key to a table that is not in the lakehouse is refused', async () => {
    const elsewhere = defineTable({
      name: 'elsewhere',
      layer: 'raw',
      columns: { id: integer() },
      source: csvFiles('*'),
    })
    const error = await errorOf(() =>
      lakehouse(
        defineTable({
          name: 'o',
          layer: 'raw',
          columns: { id: integer().references(() => elsewhere.columns.id) },
          source: csvFiles('*'),
        }),
      ),
    )
    expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0001', fault: 'usage' })
    expect(error.message).toMatch(/"id" references elsewhere\.id/)
  })
  it('M-038: an input that is not in the lakehouse, and a table twice, are refused', async () => {
    const out = built({ id: integer() }, (o) => o.select(col('id'))).tables[1]!
    expect((await errorOf(() => lakehouse(out))).message).toMatch(/built from "orders"/)
    expect((await errorOf(() => lakehouse(raw, raw))).message).toMatch(/another table is called "orders"/)
  })
  it('M-038: an unknown table is an error with the nearest name', async () => {
    const error = await errorOf(() => tableOf(smallShop(), 'product'))
    expect(error.code).toBe('DW-LAKEHOUSE-0002')
    expect(error.message).toMatch(/products/)
  })

  it.each(['Orders', 'order-lines', '1st', 'größe'])('M-018: "%s" is no name of a table or column', async (name) => {
    const table = await errorOf(() =>
      defineTable({ name, layer: 'raw', columns: { id: integer() }, source: csvFiles('*') }),
    )
    expect(table).toMatchObject({ code: 'DW-LAKEHOUSE-0001', fault: 'usage' })
    const column = await errorOf(() =>
      defineTable({ name: 'o', layer: 'raw', columns: { [name]: integer() }, source: csvFiles('*') }),
    )
    expect(column.message).toMatch(/snake_case/)
  })
  it('M-017: partitions and Z-order columns must be columns', async () => {
    const table = (partitionBy: string, zorderBy: string) =>
      errorOf(() =>
        defineTable({
          name: 'o',
          layer: 'raw',
          columns: { id: integer(), day: date() },
          partitionBy: [partitionBy as 'day'],
          source: csvFiles('*'),
          maintenance: { zorderBy: [zorderBy] },
        }),
      )
    expect((await table('month', 'id')).message).toMatch(/partitioned by "month"/)
    expect((await table('day', 'month')).message).toMatch(/Z-ordered by "month"/)
    expect((await table('day', 'day')).message).toMatch(/cannot be Z-ordered by its partition column/)
  })
})

describe('O-04: configuration files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-configuration-'))
  mkdirSync(folder, { recursive: true })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const definition = z.strictObject({ segments: z.strictObject({ high: z.number() }) })
  const load = (content: string) => {
    writeFileSync(join(folder, 'dev.json'), content)
    return loadConfiguration(folder, 'dev', definition)
  }

  it('O-04: a sound file is read', () => {
    expect(load('{"segments":{"high":1}}')).toEqual({ segments: { high: 1 } })
  })
  it('O-04: an unknown key is an error that names it with its path', async () => {
    const error = await errorOf(() => load('{"segments":{"high":1,"hihg":2}}'))
    expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0004', fault: 'usage' })
    expect(error.message).toMatch(/segments\.hihg/)
  })
  it('O-04: a missing key and a wrong type are errors that name the key', async () => {
    expect((await errorOf(() => load('{"segments":{}}'))).message).toMatch(/segments\.high/)
    expect((await errorOf(() => load('{"segments":{"high":"1"}}'))).message).toMatch(/segments\.high/)
  })
  it('O-04: a file that is not JSON is an error that names it', async () => {
    expect((await errorOf(() => load('{'))).message).toMatch(/dev\.json.*not JSON/)
  })
  it('O-04: an unknown environment is an error that lists those there are', async () => {
    const error = await errorOf(() => loadConfiguration(folder, 'prod', definition))
    expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0005', fault: 'usage' })
    expect(error.message).toMatch(/dev/)
  })
})
