import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { scan, type TableProvider } from '@deltaworks/plan'
import { fileTable } from '../../file-table.js'
import { Session } from '../../session.js'
import { segmentTables, testTables } from '../../testing.js'

const tables = segmentTables(testTables(5000), 4000)
const folder = mkdtempSync(join(tmpdir(), 'deltaworks-selector-'))
const alone = Session.create({ threads: 1 })
const onWorkers = Session.create({ threads: 2, inlineBytes: 0, morselBytes: 1 })
const files: Record<string, TableProvider> = {}

beforeAll(async () => {
  for (const [name, table] of Object.entries(tables)) {
    await alone.writeFiles(scan(table), {
      store: pathToFileURL(join(folder, name)).href,
      directory: '',
      partitionBy: [],
      compression: 'snappy',
      targetFileBytes: 1 << 27,
    })
    files[name] = await fileTable(`${folder}/${name}/*.parquet`, 'parquet')
  }
})
afterAll(async () => {
  await alone.close()
  await onWorkers.close()
  rmSync(folder, { recursive: true })
})

const few = '(select id, name, city from customers where id between 3 and 9)'

const queries = {
  inner: `select o.*, c.name from orders o join ${few} c on o.customer = c.id`,
  'inner, nearly all match': 'select o.*, c.name from orders o join customers c on o.customer = c.id',
  'inner, with a condition': `select o.*, c.name from orders o join ${few} c on o.customer = c.id and o.quantity > c.id`,
  left: `select o.*, c.name from orders o left join ${few} c on o.customer = c.id`,
  right: `select o.*, c.name from ${few} c right join orders o on o.customer = c.id`,
  'right, of few': `select o.*, c.name from orders o right join ${few} c on o.customer = c.id`,
  full: `select o.*, c.name from orders o full join ${few} c on o.customer = c.id`,
  exists: `select * from orders o where exists (select 1 from ${few} c where o.customer = c.id)`,
  'not exists': `select * from orders o where not exists (select 1 from ${few} c where o.customer = c.id)`,
  'null-safe': `select o.*, c.name from orders o join ${few} c on o.customer is not distinct from c.id`,
  'by text': `select o.*, t.size from orders o join customers c on o.customer = c.id join cities t on c.city = t.city`,
  'two joins, one after the other': `select o.id, o.amount, c.name, r.n from orders o join ${few} c on o.customer = c.id
    join (select region, count(*) n from orders where quantity < 3 group by region having count(*) > 3) r on o.region = r.region`,
  'over what a left join keeps': `select o.id, o.amount, c.name, x.id from orders o left join customers c on o.customer = c.id
    join (select id from orders where id % 97 = 5) x on o.id = x.id`,
  'over what a full join keeps': `select o.id, o.amount, c.name from orders o full join customers c on o.customer = c.id
    join (select id from orders where id % 97 = 5) x on o.id = x.id`,
  'with a filter of its own': `select o.*, c.name from orders o join ${few} c on o.customer = c.id where o.quantity between 2 and 7`,
}

describe('rows without a match are left out where they are read', () => {
  it.each(Object.entries(queries))('E-34: %s: the rows of the join are the same', async (_, text) => {
    const rowsOf = async (session: Session, of: Record<string, TableProvider>): Promise<string[]> =>
      (await session.sql(text, of)).rows
        .map((row) => JSON.stringify(row, (__, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)))
        .sort()
    const expected = await rowsOf(alone, tables)
    expect(expected.length).toBeGreaterThan(0)
    expect(await rowsOf(alone, files)).toEqual(expected)
    expect(await rowsOf(onWorkers, files)).toEqual(expected)
  })

  it('E-34: a scan gives the rows that match, where they are few', async () => {
    const { rows } = await alone.sql(`explain analyze ${queries.inner}`, files)
    const text = rows.map(([line]) => line).join('\n')
    const matching = (await alone.sql(queries.inner, files)).rows.length
    expect(matching).toBeLessThan(2500)
    expect(text).toContain(`rows ${matching} `)
    expect(text).toMatch(new RegExp(`ScanExec \\(.*orders.*\\): rows ${matching} `))
  })
})
