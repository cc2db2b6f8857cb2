import type { Session } from '@deltaworks/engine'
import { scan, type TableProvider } from '@deltaworks/plan'

export interface LeakQuery {
  readonly name: string
  run(session: Session): Promise<void>
}

/** Rows of 200 bytes, so that few of them do not fit into memory. */
export const createOrders = (rows: number): string =>
  `create table orders as select i id, i % 997 customer, (i * 7919) % 100003 amount, i / 7.0 ratio,
    md5(cast(i as varchar)) || md5(cast(i + 1 as varchar)) || md5(cast(i % 100 as varchar)) note
    from generate_series(1, ${rows}) g(i)`

const sql = (name: string, text: string): LeakQuery => ({
  name,
  run: async (session) => void (await session.sql(text)),
})

/** A query whose failure is what is asked for. */
const failing = (name: string, text: string): LeakQuery => ({
  name,
  run: async (session) => {
    try {
      await session.sql(text)
    } catch {
      return
    }
    throw new Error(`${name} did not fail`)
  },
})

export const leakQueries: readonly LeakQuery[] = [
  sql('filter', 'select count(*), sum(ratio) from orders where amount > 5000 and note like $$%7a%$$'),
  sql('group', 'select customer, sum(amount), max(note), avg(ratio) from orders group by customer'),
  sql('many groups', 'select id, note, count(*) from orders group by 1, 2 order by 1 limit 5'),
  sql('join', 'select count(*), sum(a.amount) from orders a join orders b on a.id = b.customer'),
  sql('large join', 'select count(*), max(a.note || b.note) from orders a join orders b on a.id = b.id + 1'),
  sql('sort', 'select id, note from orders order by note, id limit 10 offset 15000'),
  sql(
    'window',
    'select sum(r) from (select row_number() over (partition by customer order by amount, id) r from orders) w',
  ),
  sql('distinct', 'select count(*) from (select distinct note, amount from orders) d'),
  failing('division by zero', 'select 1 / (id - 7000) from orders'),
  failing('no such column', 'select nothing from orders'),
  {
    name: 'left half-way',
    run: async (session) => {
      const table = session.definitions.get('orders') as TableProvider
      for await (const batch of session.stream(scan(table))) if (batch.rowCount > 0) return
    },
  },
  {
    name: 'cancelled',
    run: async (session) => {
      const controller = new AbortController()
      const query = session.sql(
        'select count(*) from orders a, orders b where a.note < b.note and a.amount + b.amount < 0',
        {},
        { signal: controller.signal },
      )
      setTimeout(() => controller.abort(), 5)
      await query.then(
        () => Promise.reject(new Error('a cancelled query ended well')),
        () => undefined,
      )
    },
  },
]
