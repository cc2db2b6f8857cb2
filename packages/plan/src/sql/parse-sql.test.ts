import { formatExpression } from '@deltaworks/expression'
import { date, decimal, field, int64, schema, string, typeName, type Value } from '@deltaworks/schema'
import { interpretPlan } from '../interpret-plan.js'
import { memoryTable } from '../memory-table.js'
import type { Catalog } from './catalog.js'
import { parseExpression, parseQuery, parseSql } from './sql.js'

const sales = memoryTable(
  schema([field('id', int64, false), field('amount', decimal(12, 2)), field('day', date), field('note', string)]),
  [
    [1n, 1250n, 12_000, 'first'],
    [2n, null, null, 'orphan'],
  ],
  { name: 'sales' },
)
const calls: unknown[] = []
const catalog: Catalog = {
  table: (name) => (name.join('.') === 'sales' || name.join('.') === 'shop.sales' ? sales : undefined),
  tableFunction: (name, args, namedArgs) => {
    calls.push([name, args, namedArgs])
    return name === 'read_delta' ? sales : undefined
  },
  tableNames: ['sales', 'shop.sales'],
}
const plan = (text: string) => parseQuery(text, catalog)
const rows = async (text: string): Promise<readonly (readonly Value[])[]> => interpretPlan(await plan(text))

describe('parseSql', () => {
  it('E-21: several statements, and what to explain', async () => {
    const statements = await parseSql(
      'select 1; explain select * from sales; explain (analyze, verbose, format json) select 2; -- nothing more',
      catalog,
    )
    expect(statements).toMatchObject([
      { kind: 'query' },
      { kind: 'explain', analyze: false, verbose: false, format: 'text' },
      { kind: 'explain', analyze: true, verbose: true, format: 'json' },
    ])
    expect(await parseSql(' -- nothing', catalog)).toEqual([])
    expect(await parseSql('', catalog)).toEqual([])
  })

  it('table functions get their constants', async () => {
    calls.length = 0
    await plan(`select t.id from read_delta('s3://x/y', version => 3, options => -1.5) as t`)
    expect(calls).toEqual([['read_delta', ['s3://x/y'], { version: 3, options: -15n }]])
  })

  it.each([
    ['select 1.10 as x', 'decimal(3,2)'],
    ['select .5 as x', 'decimal(1,1)'],
    ['select 1e5 as x', 'double'],
    ['select 5 as x', 'int'],
    ['select 3000000000 as x', 'bigint'],
    ['select 99999999999999999999 as x', 'decimal(20,0)'],
    [`select date '2003-02-24' as x`, 'date'],
    [`select timestamp '2003-02-24 10:00:00' as x`, 'timestamp'],
    [`select '5'::numeric(12, 2) as x`, 'decimal(12,2)'],
    ['select cast(1 as string) as x', 'string'],
  ])('%s is a %s', async (text, type) => {
    expect(typeName((await plan(text)).schema.fields[0]!.type)).toBe(type)
  })

  it('follows Spark in the order of nulls', async () => {
    expect(await rows('select id from sales order by amount')).toEqual([[2n], [1n]])
    expect(await rows('select id from sales order by amount desc')).toEqual([[1n], [2n]])
    expect(await rows('select id from sales order by amount nulls last')).toEqual([[1n], [2n]])
  })

  it('SIMILAR TO, try_cast(… :: type), names that occur twice', async () => {
    expect(await rows(`select id from sales where note similar to '(first|x)%'`)).toEqual([[1n]])
    expect(await rows(`select try_cast(note::int) from sales`)).toEqual([[null], [null]])
    const twice = await plan('select a.id, b.id, a.id from sales a, shop.sales b')
    expect(twice.schema.fields.map((f) => f.name)).toEqual(['id', 'id_1', 'id_2'])
  })

  it.each([
    ['select 1 frm where\n a b', 'DW-PLAN-0020', 'line 2, column 4'],
    [
      'select amuont from sales',
      'DW-PLAN-0001',
      'did you mean "amount"?) Columns: id, amount, day, note (line 1, column 8)',
    ],
    [`select 'é', x.id from sales s`, 'DW-PLAN-0001', 'line 1, column 13'],
    ['select * from sale', 'DW-PLAN-0022', 'did you mean "sales"?) (line 1, column 15)'],
    ['select id from sales a, sales b', 'DW-PLAN-0002', 'a.id and b.id'],
    ['select uper(note) from sales', 'DW-PLAN-0024', 'did you mean "upper"?'],
    ['select note, count(*) from sales', 'DW-PLAN-0008', '"note"'],
    ['select id from sales where amount', 'DW-PLAN-0004', 'decimal(12,2)'],
    ['select id from sales where count(*) > 1', 'DW-PLAN-0024', 'HAVING'],
    ['select id from sales order by 2', 'DW-PLAN-0024', 'no output column 2'],
    ['select id from sales limit -1', 'DW-PLAN-0024', 'LIMIT'],
    ['select cast(id as intt) from sales', 'DW-PLAN-0024', 'did you mean "int1"?'],
    [`select * from read_xml('a')`, 'DW-PLAN-0023', 'read_csv'],
    ['select id from sales union select id, note from sales', 'DW-PLAN-0003', '2'],
    [`select note + day from sales`, 'DW-EXPRESSION', 'line 1'],
    ['create table t (a int)', 'DW-PLAN-0021', 'CREATE TABLE'],
    ['insert into sales values (1)', 'DW-PLAN-0021', 'INSERT'],
    ['delete from sales', 'DW-PLAN-0021', 'DELETE'],
    ['select id from sales where id = $1', 'DW-PLAN-0021', 'parameter'],
  ])('%s fails as %s: …%s…', async (text, code, part) => {
    const error = await plan(text).then(
      () => null,
      (reason: unknown) => reason as { readonly code: string; readonly message: string },
    )
    expect(error?.code).toMatch(new RegExp(`^${code}`))
    expect(error?.message.replace('?).', '?)')).toContain(part)
  })

  it('parses single expressions', async () => {
    expect(formatExpression(await parseExpression(`amount > 5 and note like 'a%'`))).toBe(
      `amount > 5 AND note LIKE 'a%'`,
    )
    await expect(parseExpression('a from b')).rejects.toMatchObject({ code: 'DW-PLAN-0024' })
    await expect(parseExpression('a; select b')).rejects.toMatchObject({ code: 'DW-PLAN-0024' })
    await expect(parseExpression('a >')).rejects.toMatchObject({ code: 'DW-PLAN-0020' })
    await expect(parseExpression('uper(a)')).rejects.toMatchObject({ details: { line: 1, column: 1 } })
  })

  it('a subquery that gives several rows for one value fails when it runs', async () => {
    const query = await plan('select (select id from sales)')
    expect(() => interpretPlan(query)).toThrow(/2 rows from a subquery/)
  })

  it('loads the parser only when it is used', async () => {
    const { readFile, readdir } = await import('node:fs/promises')
    const folder = new URL('../../dist/', import.meta.url)
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.js'))
    const importing = await Promise.all(
      files.map(async (name) => /^import .*'libpg-query'/m.test(await readFile(new URL(name, folder), 'utf8'))),
    )
    expect(importing).not.toContain(true)
  })
})
