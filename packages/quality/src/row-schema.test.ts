import { describe, expect, it } from '@jest/globals'
import { values } from '@deltaworks/plan'
import { field, schema, string, type Value } from '@deltaworks/schema'
import { validateRowSchema, type ColumnDefinition } from './row-schema.js'
import { withSession } from './testing.js'

const rows: readonly (readonly Value[])[] = [
  ['123', 'Product A', '2012-07-22 22:59:59', '5.25', 'kept'],
  ['12x', 'Product A', '2012-07-22 22:59:59', '5.25', 'not an integer'],
  [null, 'Product A', '2012-07-22 22:59:59', '5.25', 'missing'],
  ['7', 'Product A', '2012-07-22 22:59:59', '5.25', 'too small'],
  ['123', 'Prod', '2012-07-22 22:59:59', '5.25', 'too short'],
  ['123', 'product a', '2012-07-22 22:59:59', '5.25', 'of another form'],
  ['123', 'Product A', '22.07.2012', '5.25', 'of another mask'],
  ['123', 'Product A', null, null, 'kept, without'],
  ['123', 'Product A', '2012-07-22 22:59:59', '12345.25', 'too wide'],
]
const table = values(schema(['id', 'name', 'time', 'price', 'why'].map((name) => field(name, string))), rows)
const definitions: readonly ColumnDefinition[] = [
  { name: 'id', type: 'int', nullable: false, minimum: 10, maximum: 1000 },
  { name: 'name', type: 'string', minLength: 5, maxLength: 10, matches: '^Product' },
  { name: 'time', type: 'timestamp', mask: 'yyyy-MM-dd HH:mm:ss' },
  { name: 'price', type: 'decimal', precision: 5, scale: 2 },
]

describe('row schema', () => {
  it('Q-26: valid rows are cast, the others kept as they are', async () => {
    const { valid, invalid } = validateRowSchema(table, definitions)
    expect(valid.schema.fields.map(({ type }) => type.kind)).toEqual([
      'int32',
      'string',
      'timestamp',
      'decimal',
      'string',
    ])
    expect(invalid.schema).toEqual(table.schema)
    const [good, bad] = await withSession(async (session) => [
      (await session.collect(valid.plan)).rows,
      (await session.collect(invalid.plan)).rows,
    ])
    expect(good).toEqual([
      [123, 'Product A', 1_342_997_999_000_000n, 525n, 'kept'],
      [123, 'Product A', null, null, 'kept, without'],
    ])
    expect(bad).toEqual(rows.filter((row) => !String(row.at(-1)).startsWith('kept')))
  })

  it('Q-26: without definitions all rows are valid, and none may be defined twice', async () => {
    const { valid, invalid } = validateRowSchema(table, [])
    const counts = await withSession(async (session) => [
      (await session.collect(valid.plan)).rows.length,
      (await session.collect(invalid.plan)).rows.length,
    ])
    expect(counts).toEqual([9, 0])
    const twice: readonly ColumnDefinition[] = [definitions[0]!, definitions[0]!]
    expect(() => validateRowSchema(table, twice)).toThrow(expect.objectContaining({ code: 'DW-QUALITY-0005' }))
  })
})
