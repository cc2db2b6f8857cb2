import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textOf, utcContext } from '@deltaworks/expression'
import type { Json } from '@deltaworks/schema'
import { Session } from './session.js'
import { NamedTables } from './sql.js'
import { memoryTables, testTables } from './testing.js'

describe('statements of SQL', () => {
  const tables = memoryTables(testTables(60))
  let session: Session
  beforeEach(() => {
    session = Session.create({ threads: 1 })
  })
  afterEach(() => session.close())

  it('E-21: views and tables of the session are named by the statements after them', async () => {
    const results = await session.sqlAll(
      `create view north as select id from orders where region = 'north';
       create table copy as select * from north;
       select count(*) = (select count(*) from copy) from north;
       create or replace view north(x) as select 1;
       select x from north;
       drop table copy; drop view if exists nothing`,
      tables,
    )
    expect(results.map(({ rows }) => rows)).toEqual([[], [], [[true]], [], [[1]], [], []])
    await expect(session.sql('select * from copy', tables)).rejects.toThrow(/no table "copy"/)
    await expect(session.sql('create view north as select 2', tables)).rejects.toThrow(/already/)
    await expect(session.sql('drop table orders', tables)).rejects.toThrow(/Only those/)
    await expect(session.sql('create table t (a int)', tables)).rejects.toThrow(/CREATE TABLE without AS/)
  })

  it('E-21: nothing runs if the text cannot be parsed', async () => {
    await expect(session.sqlAll('create view v as select 1; selec 2', tables)).rejects.toThrow(/line 1, column 28/)
    expect([...session.definitions.keys()]).toEqual([])
  })

  it('E-21: DESCRIBE, SUMMARIZE and SHOW tell what there is', async () => {
    const { rows } = await session.sql('describe customers', tables)
    expect(rows).toEqual([
      ['id', 'bigint', false],
      ['name', 'string', true],
      ['city', 'string', true],
    ])
    expect((await session.sql('describe select 1 as a, [1.5] as b', tables)).rows).toEqual([
      ['a', 'int', false],
      ['b', 'array<decimal(2,1)>', false],
    ])
    expect((await session.sql('show tables', new NamedTables(() => undefined, ['b', 'a']))).rows).toEqual([
      ['a'],
      ['b'],
    ])
    const [size] = (await session.sql('summarize select size from cities', tables)).rows
    expect(size).toEqual(['size', 'int', '4', '9', 3n, '7.0', expect.any(String), 4n, 1n])
    await expect(session.sql('show grants')).rejects.toThrow(/SHOW TABLES/)
  })

  it('E-07: SET timezone holds for constants and values of what comes after', async () => {
    const shown = async (text: string): Promise<string> => {
      const { schema, rows } = await session.sql(text, tables)
      return rows[0]!.map((v, i) => textOf(schema.fields[i]!.type, v!, utcContext)).join(' | ')
    }
    await session.sql(`set timezone = 'Europe/Berlin'`)
    expect(session.timezone).toBe('Europe/Berlin')
    // Instants are shown in UTC here: a summer night in Berlin begins two hours earlier.
    expect(
      await shown(`select timestamp '2024-07-01 00:00:00', date_trunc('day', timestamp '2024-07-01 01:30:00')`),
    ).toBe('2024-06-30 22:00:00 | 2024-06-30 22:00:00')
    // The day on which clocks go forward has 23 hours.
    expect(
      await shown(
        `select timestamp '2024-03-31 00:00:00' + interval '1 day', timestamp '2024-03-31 00:00:00' + interval '24 hours', cast(timestamp '2024-03-31 02:30:00' as string)`,
      ),
    ).toBe('2024-03-31 22:00:00 | 2024-03-31 23:00:00 | 2024-03-31 03:30:00')
    expect(await shown(`select year(timestamp '0001-01-01 00:00:00'), year(timestamp '9999-12-31 23:59:59')`)).toBe(
      '1 | 9999',
    )
    await expect(session.sql(`set timezone = 'Mars/Olympus'`)).rejects.toThrow(/Europe\/Berlin/)
    await expect(session.sql(`set work_mem = 1`)).rejects.toThrow(/one setting/)
  })

  it('E-37: explain in text and JSON, with what is expected beside what was', async () => {
    const query = 'select region, count(*) from orders where quantity > 3 group by region'
    const text = async (statement: string): Promise<string> =>
      (await session.sql(statement, tables)).rows.map(([line]) => line as string).join('\n')
    expect(await text(`explain ${query}`)).toMatch(/Aggregate by \[region\] .* \(~\d+ rows\)\n└─ Scan .* \(~\d+ rows\)/)
    expect(await text(`explain verbose ${query}`)).toMatch(/^-- as written[^]*-- push_down_filter[^]*-- executed/)
    const plan = JSON.parse(await text(`explain (format json) ${query}`)) as { readonly [key: string]: Json }
    expect(plan).toMatchObject({ kind: 'aggregate', estimatedRows: expect.any(Number), inputs: [{ kind: 'scan' }] })
    const analysis = JSON.parse(await text(`explain (analyze, format json) ${query}`)) as {
      readonly [key: string]: Json
    }
    expect(analysis).toMatchObject({
      stages: [],
      spilledBytes: 0,
      operators: [{ rows: 8, estimatedRows: expect.any(Number), inputs: [{ rows: expect.any(Number) }] }],
    })
    await expect(session.sql(`explain (format xml) ${query}`, tables)).rejects.toThrow(/text and json/)
  })

  it('E-35: count, min and max of a whole table read no row', async () => {
    const { rows } = await session.sql('explain select count(*) from orders', tables)
    expect(rows[0]![0]).toContain('Values 1 row')
  })

  it('E-10: an error in a lambda says where, and a lambda must fit', async () => {
    await expect(session.sql(`select transform([1, 0], x -> 1 / x)`)).rejects.toThrow(/Division by zero/)
    await expect(session.sql(`select filter([1], x -> x + 1)`)).rejects.toThrow(/must give a boolean/)
    await expect(session.sql(`select transform([1], (x, y, z) -> x)`)).rejects.toThrow(/at most 2 parameter/)
    await expect(session.sql(`select transform([1], x -> y)`)).rejects.toThrow(/no column "y"/)
  })
})
