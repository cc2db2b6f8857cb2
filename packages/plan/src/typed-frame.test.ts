import { agg, col, fn, lit, when, win, type Expr, type ExpressionHolder, type ValueOf } from '@deltaworks/expression'
import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  schema,
  string,
  timestamp,
  type BigintValue,
  type DateValue,
  type DecimalValue,
  type FloatValue,
  type IntegerValue,
  type TimestampValue,
} from '@deltaworks/schema'
import { values, type DataFrame } from './data-frame.js'

interface Order {
  readonly id: BigintValue
  readonly quantity: IntegerValue
  readonly discount: FloatValue | null
  readonly price: DecimalValue
  readonly city: string | null
  readonly day: DateValue
  readonly at: TimestampValue | null
  readonly paid: boolean
}
const money = decimal(12, 2)
const orders = values<Order>(
  schema([
    field('id', int64, false),
    field('quantity', int32, false),
    field('discount', float64),
    field('price', money, false),
    field('city', string),
    field('day', date, false),
    field('at', timestamp),
    field('paid', boolean, false),
  ]),
  [[1n, 2, 0.5, 1250n, 'Rome', 12_000, 5n, true]],
)

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const is = <A, B>(same: Same<A, B>): boolean => same
type RowOf<F> = F extends DataFrame<infer R> ? R : never
type Shown<T> = { [K in keyof T]: T[K] }

const o = orders
const c = {
  id: o.col('id'),
  q: o.col('quantity'),
  disc: o.col('discount'),
  price: o.col('price'),
  city: o.col('city'),
  day: o.col('day'),
  at: o.col('at'),
  paid: o.col('paid'),
}
const t1 = c.q.add(1)
is<ValueOf<typeof t1>, IntegerValue>(true)
const t2 = c.price.mul(c.q)
is<ValueOf<typeof t2>, DecimalValue>(true)
const t3 = c.q.div(2)
is<ValueOf<typeof t3>, FloatValue>(true)
const t4 = c.price.mul(c.disc)
is<ValueOf<typeof t4>, FloatValue | null>(true)
const t5 = c.day.add(1)
is<ValueOf<typeof t5>, DateValue>(true)
const t6 = c.day.sub(c.day)
is<ValueOf<typeof t6>, IntegerValue>(true)
const t7 = agg.sum(c.q)
is<ValueOf<typeof t7>, BigintValue | null>(true)
const t8 = agg.avg(c.price)
is<ValueOf<typeof t8>, DecimalValue | null>(true)
const t9 = agg.min(c.city)
is<ValueOf<typeof t9>, string | null>(true)
const t10 = when(c.paid, c.city).otherwise('x')
is<ValueOf<typeof t10>, string | null>(true)
const t11 = when(c.paid, 'y').when(c.city.isNull(), 'z').otherwise('x')
is<ValueOf<typeof t11>, string>(true)
const t12 = when(c.paid, 1)
is<ValueOf<typeof t12>, IntegerValue | null>(true)
const t13 = fn.coalesce(c.city, 'x')
is<ValueOf<typeof t13>, string>(true)
const t14 = fn.coalesce(col('x'), 'x')
is<ValueOf<typeof t14>, unknown>(true)
const t15 = col('x').add(1)
is<ValueOf<typeof t15>, unknown>(true)
const t16 = c.city.eq('x')
is<ValueOf<typeof t16>, boolean | null>(true)
const t17 = c.paid.and(c.q.gt(3), c.day.ge('2020-01-01'))
is<ValueOf<typeof t17>, boolean>(true)
const t18 = lit(null).cast(string)
is<ValueOf<typeof t18>, string | null>(true)
const t19 = win.lag(c.q, 1, 0).over({ partitionBy: [c.city], orderBy: [c.day.desc()] })
is<ValueOf<typeof t19>, IntegerValue | null>(true)
const f1 = o.select('id', c.q.add(1).as('more'))
is<Shown<RowOf<typeof f1>>, { id: BigintValue; more: IntegerValue }>(true)
const f2 = o.groupBy('city').agg((c) => ({ n: agg.count(), total: agg.sum(c.price) }))
is<Shown<RowOf<typeof f2>>, { city: string | null; n: BigintValue; total: DecimalValue | null }>(true)
const f3 = o.withColumn('total', (c) => c.price.mul(c.quantity)).select('total', 'id')
is<Shown<RowOf<typeof f3>>, { total: DecimalValue; id: BigintValue }>(true)
const f4 = o.select('id', 'city').join(o.select('id', 'price'), ['id'], 'left')
is<Shown<RowOf<typeof f4>>, { id: BigintValue; city: string | null; price: DecimalValue | null }>(true)
const f5 = o
  .select('id', 'city')
  .join(o.select('id', 'price').rename({ id: 'other' }), [{ left: 'id', right: 'other' }], 'full')
is<
  Shown<RowOf<typeof f5>>,
  { id: BigintValue | null; city: string | null; price: DecimalValue | null; other: BigintValue | null }
>(true)
const f6 = o.select('id', 'city').join(o.select('id', 'price'), (l, r) => l.id.eq(r.id).and(r.price.gt(5)))
is<Shown<RowOf<typeof f6>>, { city: string | null; price: DecimalValue }>(true)
const f7 = o
  .filter((c) => c.quantity.gt(3))
  .where(col('x').eq(3))
  .orderBy('id', c.day.desc())
is<RowOf<typeof f7>, Order>(true)
const f8: DataFrame<object> = f7
const f9 = o.agg({ n: agg.count() })
is<Shown<RowOf<typeof f9>>, { n: BigintValue }>(true)
const f10 = o.groupBy().agg(agg.sum(c.q).as('s'))
is<Shown<RowOf<typeof f10>>, { s: BigintValue | null }>(true)
const f11 = o.rollup('city').count()
is<Shown<RowOf<typeof f11>>, { city: string | null; count: BigintValue }>(true)
const f12 = o.explode('x', agg.collectList(c.id), { position: 'p' })
is<RowOf<typeof f12>['x'], BigintValue | null>(true)
is<RowOf<typeof f12>['p'], BigintValue | null>(true)
declare const any: DataFrame
const g1 = any.filter(col('x').gt(1)).join(o, ['id']).groupBy('q', col('z')).agg({ n: agg.count() }).orderBy('whatever')
const g2: DataFrame = g1
const g3: DataFrame = o.select('id')
const e1: Expr = c.q
const e2: ExpressionHolder<IntegerValue> = col('x')
void [f8, g2, g3, e1, e2]

// errors
// @ts-expect-error name
o.select('nope')
// @ts-expect-error name
o.orderBy('nope')
// @ts-expect-error name
o.groupBy('nope')
// @ts-expect-error type
o.filter(c.q)
// @ts-expect-error type
o.filter((c) => c.quantity.add(1))
// @ts-expect-error name
o.filter((c) => c.nope.gt(1))
// @ts-expect-error type
c.q.add('x')
// @ts-expect-error type
c.city.add(1)
// @ts-expect-error type
c.q.eq('x')
// @ts-expect-error type
c.day.gt(5)
// @ts-expect-error type
c.day.mul(2)
// @ts-expect-error type
c.q.like('x')
// @ts-expect-error type
agg.sum(c.city)
// @ts-expect-error type
agg.sum(c.day)
// @ts-expect-error type
when(c.q, 1)
// @ts-expect-error type
when(c.paid, 1).otherwise('x')
// @ts-expect-error key
o.join(o, ['nope'])
// @ts-expect-error key types
o.join(o.select('city').rename({ city: 'id' }), ['id'])
// @ts-expect-error key
o.join(o, [{ left: 'id', right: 'nope' }])
// @ts-expect-error key types
o.join(o, [{ left: 'id', right: 'city' }])
// @ts-expect-error union
o.select('id').union(o.select(c.city.as('id')))
// @ts-expect-error union
o.select('id').unionByName(o.select('city'))
// @ts-expect-error coalesce
fn.coalesce(c.city, c.q)
// @ts-expect-error lower
fn.lower(c.q)
// @ts-expect-error and
c.paid.and(c.q)
// @ts-expect-error not
c.q.not()
// @ts-expect-error gone
f2.col('price')
// @ts-expect-error union all
o.explode('x', 'nope')
it('x', () => {})
