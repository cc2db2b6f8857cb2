import { textOf, utcContext } from '@deltaworks/expression'
import {
  date,
  decimal,
  field,
  int32,
  int64,
  parseDecimal,
  schema,
  string,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { explainPlan } from '../explain.js'
import { interpretPlan } from '../interpret-plan.js'
import type { LogicalPlan } from '../logical-plan.js'
import { memoryTable } from '../memory-table.js'
import { optimize } from '../optimizer/optimize.js'
import type { TableProvider } from '../table-provider.js'
import { parseQuery } from './sql.js'

/*
 * Each query's plan is interpreted as bound and as optimised; both must give what DuckDB gives for the same text. Rows are
 * compared as text, without regard to order unless the query has one.
 */

const money = decimal(12, 2)
const day = (text: string): Value => Math.round(Date.parse(`${text}T00:00:00Z`) / 86_400_000)
const amount = (text: string | null): Value => (text === null ? null : parseDecimal(text, money))

const tables: Readonly<Record<string, { schema: Schema; ddl: string; rows: Value[][] }>> = {
  orders: {
    ddl: 'id bigint not null, customer bigint, amount decimal(12,2), day date, note varchar',
    schema: schema([
      field('id', int64, false),
      field('customer', int64),
      field('amount', money),
      field('day', date),
      field('note', string),
    ]),
    rows: [
      [1n, 10n, amount('12.50'), day('2003-02-24'), 'first'],
      [2n, 10n, amount('-3.00'), day('2003-02-25'), null],
      [3n, 20n, amount('100.00'), day('2003-03-01'), 'big_one'],
      [4n, null, amount('7.25'), day('2003-03-01'), 'nobody'],
      [5n, 30n, null, null, 'no amount'],
      [6n, 99n, amount('12.50'), day('2004-02-29'), 'orphan'],
      [7n, 20n, amount('0.00'), day('2004-12-31'), 'ZERO%'],
    ],
  },
  customers: {
    ddl: 'id bigint not null, name varchar, city varchar',
    schema: schema([field('id', int64, false), field('name', string), field('city', string)]),
    rows: [
      [10n, 'Ada', 'London'],
      [20n, 'Grace', 'New York'],
      [30n, 'Edsger', null],
      [40n, 'Barbara', 'London'],
    ],
  },
  cities: {
    ddl: 'city varchar, country varchar, size int',
    schema: schema([field('city', string), field('country', string), field('size', int32)]),
    rows: [
      ['London', 'UK', 9],
      ['New York', 'US', 8],
      [null, 'nowhere', null],
    ],
  },
}

const queries: readonly string[] = [
  `select * from orders where amount > 5 and note is not null order by id`,
  `select id, amount * 2 as twice, amount + 1.105 as more from orders order by amount desc, id`,
  `select customer, count(*), count(amount), sum(amount), min(day), max(note) from orders group by customer`,
  `select customer as c, sum(amount) s from orders group by c having count(*) > 1 order by 2`,
  `select count(*), sum(amount) filter (where amount > 0), count(distinct amount) from orders`,
  `select sum(amount) / count(*) > 10 from orders where id < 0`,
  `select o.id, c.name from orders o join customers c on o.customer = c.id`,
  `select o.id, c.name from orders o left join customers c on o.customer = c.id and c.city = 'London'`,
  `select o.id, c.name from orders o right join customers c on o.customer = c.id`,
  `select o.id, c.name from orders o full join customers c on o.customer = c.id where c.name is null or o.id is null`,
  `select c.name, t.country from customers c cross join cities t`,
  `select name, country, city from customers join cities using (city)`,
  `select city, name, country from customers left join cities using (city) order by name`,
  `select name, city, size from customers natural join cities`,
  `select city, count(*) from customers full join cities using (city) group by city`,
  `select o.id from orders o, customers c, cities t where o.customer = c.id and c.city = t.city and t.size > 8`,
  `select o.id, n.name from orders o left join (select id as customer, name from customers) n using (customer) where n.name <> 'Ada'`,
  `select id from orders where customer in (select id from customers where city = 'London')`,
  `select id from orders where customer not in (select id from customers where city = 'London')`,
  `select name from customers where id not in (select customer from orders)`,
  `select name from customers where id not in (select customer from orders where customer is not null)`,
  `select id, customer in (select id from customers) from orders`,
  `select id, amount in (select amount from orders where id > 4) from orders`,
  `select id from orders where customer in (select id from customers) or amount < 0 or not (amount in (select size from cities))`,
  `select name from customers c where exists (select 1 from orders o where o.customer = c.id and o.amount > 50)`,
  `select name from customers c where not exists (select 1 from orders o where o.customer = c.id)`,
  `select name, exists (select 1 from orders o where o.customer = c.id) from customers c`,
  `select name from customers c where exists (select 1 from orders where amount > 50) and not exists (select 1 from orders where id > 70)`,
  `select id from orders where amount > (select avg(amount) from orders)`,
  `select id from orders o where amount = (select max(amount) from orders i where i.customer = o.customer)`,
  `select name, (select count(*) from orders o where o.customer = c.id) as orders, (select sum(amount) from orders o where o.customer = c.id) from customers c`,
  `select name, (select country from cities t where t.city = c.city) from customers c`,
  `select name from customers c where c.id not in (select o.customer from orders o where o.note like '%' || 'o' || '%' and o.id <> c.id)`,
  `select (select max(size) from cities) + 1`,
  `select customer, sum(amount) from orders group by customer having sum(amount) > (select sum(amount) from orders where id = 1)`,
  `select distinct customer from orders`,
  `select distinct on (customer) customer, id from orders order by customer, id desc`,
  `select customer, id from orders order by 1 desc, 2 limit 3 offset 1`,
  `select id from orders union select customer from orders`,
  `select id from orders union all select size from cities`,
  `select customer from orders intersect select id from customers`,
  `select customer from orders except select id from customers`,
  `select customer from orders except all select id from customers`,
  `select amount from orders intersect all select 12.5 union all select 12.5`,
  `select * from (values (1, 'a'), (2, null), (null, 'c')) v(n, t) order by n desc, t`,
  `with big as (select * from orders where amount > 10), names(id, who) as (select id, name from customers) select who, count(*) from big join names on customer = names.id group by who`,
  `with t as (select 1 as x), u as (select x + 1 as x from t) select t.x, u.x as y from t, u`,
  `select case when amount > 50 then 'large' when amount > 0 then 'small' else 'none' end k, count(*) from orders group by 1`,
  `select case customer when 10 then 'ten' when 20 then 'twenty' end from orders`,
  `select id from orders where note like '%!_%' escape '!' or note ilike 'zero!%' escape '!' or note ~ '^n.*y$'`,
  `select id from orders where day between date '2003-02-25' and date '2003-02-24' + interval '1 year 5 days'`,
  `select id, extract(year from day), extract(month from day) from orders where day + interval '1' month > date '2003-03-25'`,
  `select id from orders where amount is distinct from 12.50 and customer is not distinct from null`,
  `select id, customer between 10 and 20, customer in (10, null), not (amount > 1) is true from orders`,
  `select upper(name) || '!' as n, length(name), substring(name from 2 for 2), replace(name, 'a', 'b'), position('a' in name), coalesce(city, '?') from customers`,
  `select cast(amount as int) from orders where amount in (100, 0)`,
  `select '12'::int + 1, 1.10 + 2, cast('2003-02-24' as date) - 1, true and null, nullif(1, 1), greatest(1, 3, 2)`,
  `select id, row_number() over (order by id desc), sum(amount) over (partition by customer), rank() over (order by amount) from orders`,
  `select id, lag(id) over w, lead(id, 2, 0) over w, sum(id) over (order by id rows between 1 preceding and 1 following) from orders window w as (order by id)`,
  `select customer, sum(sum(amount)) over (order by customer), rank() over (order by sum(amount) desc) from orders group by customer`,
  `select id, amount from (select id, amount, row_number() over (partition by customer order by amount desc, id) n from orders) where n = 1`,
  `select customer, s from (select customer, sum(amount) s, count(*) c from orders group by customer) where customer > 10`,
  `select x.id from (select id, customer from orders order by amount desc limit 4) x where x.customer > 5`,
  `select count(*) from (select id from orders union all select id from customers) where id > 5`,
  `select a.id, b.id as other from orders a join orders b on a.customer = b.customer and a.id < b.id`,
  `select c.name from customers c left join orders o on o.customer = c.id where o.amount > 50`,
  `select count(*) from orders o join customers c on o.customer = c.id or o.id = c.id`,
  `select id from orders where (customer = 10 and amount > 0) or (customer = 10 and note is null)`,
  `select id from orders where false or 1 = 2`,
  `select sum(n) from (select count(*) as n from orders group by customer)`,
  `select id as k, id from orders order by k limit 2`,
  `select name as n from customers order by length(name) desc, n`,
]

const provider = (name: string): TableProvider => memoryTable(tables[name]!.schema, tables[name]!.rows, { name })
const catalog = {
  table: (name: readonly string[]) => (tables[name.join('.')] === undefined ? undefined : provider(name.join('.'))),
}

const texts = (plan: LogicalPlan, rows: readonly (readonly Value[])[]): string[][] =>
  rows.map((row) =>
    row.map((value, i) =>
      value === null ? 'NULL' : normalNumber(textOf(plan.schema.fields[i]!.type, value, utcContext)),
    ),
  )
/** Results may differ in scale (Spark's decimals) and in how doubles are written. */
const normalNumber = (text: string): string =>
  /^-?\d+(\.\d+)?(E\d+)?$/.test(text) ? String(Number(Number(text).toPrecision(12))) : text
const inAnyOrder = (rows: readonly string[][]): string[] => rows.map((row) => row.join(' | ')).sort()

describe('SQL beside DuckDB', () => {
  let run: (text: string) => Promise<string[][]>
  beforeAll(async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run(`set default_null_order = 'nulls_first_on_asc_last_on_desc'`)
    for (const [name, { schema: of, ddl, rows }] of Object.entries(tables)) {
      await connection.run(`create table ${name} (${ddl})`)
      const literals = rows.map((row) => {
        const values = row.map((v, i) => (v === null ? 'null' : `'${textOf(of.fields[i]!.type, v, utcContext)}'`))
        return `(${values.join(', ')})`
      })
      await connection.run(`insert into ${name} values ${literals.join(', ')}`)
    }
    run = async (text) => {
      const rows = (await connection.runAndReadAll(text)).getRows()
      return rows.map((row) => row.map((v) => (v === null ? 'NULL' : normalNumber(String(v)))))
    }
  })

  it.each(queries)('E-21: %s', async (text) => {
    const plan = await parseQuery(text, catalog)
    const optimized = optimize(plan)
    const expected = await run(text)
    const isOrdered = /order by(?!.*over)/.test(text) && !/\(.*order by/.test(text)
    const compare = (rows: string[][]) => (isOrdered ? rows.map((row) => row.join(' | ')) : inAnyOrder(rows))
    expect(compare(texts(plan, interpretPlan(plan)))).toEqual(compare(expected))
    try {
      expect(compare(texts(optimized, interpretPlan(optimized)))).toEqual(compare(expected))
    } catch (error) {
      throw new Error(explainPlan(optimized), { cause: error })
    }
    expect(optimized.schema).toEqual(plan.schema)
  })
})
