import { Session } from '@deltaworks/engine'
import { values, type DataFrame } from '@deltaworks/plan'
import { date, decimal, field, int32, int64, schema, string, type Value } from '@deltaworks/schema'

/** Orders with every kind of dirt: a repeated key, a missing one, an orphan, a bad address, a zero, an outlier. */
export const ordersSchema = schema([
  field('id', int64),
  field('customer', string),
  field('email', string),
  field('amount', decimal(12, 2)),
  field('quantity', int32),
  field('ordered', date),
])

export const orderRows: readonly (readonly Value[])[] = [
  [1n, 'ann', 'ann@shop.example', 1000n, 1, 12_000],
  [2n, 'bob', 'bob@shop.example', 1100n, 2, 12_001],
  [2n, 'bob', 'bob at shop', 1200n, 3, 12_002],
  [3n, 'cid', null, 0n, 4, 12_003],
  [null, 'ann', 'ann@shop.example', 900n, 5, 12_004],
  [5n, null, 'e@shop.example', null, null, null],
  [6n, 'zoe', 'zoe@shop', 1000n, 7, 12_006],
  [7n, 'ann', 'ann@shop.example', 99_999_900n, 8, 12_007],
]

export const orders = (rows = orderRows): DataFrame => values(ordersSchema, rows)

export const customers = (): DataFrame =>
  values(schema([field('name', string)]), [['ann'], ['bob'], ['cid'], ['bob'], [null]])

export const withSession = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
  const session = Session.create({ threads: 1 })
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}
