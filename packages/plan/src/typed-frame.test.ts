import { agg, col, fn, lit, when, win, type Expr, type Operand } from '@deltaworks/expression'
import type { BigintValue, DecimalValue, IntegerValue } from '@deltaworks/schema'
import type { DataFrame } from './data-frame.js'
import { differences, everyType, type EveryType } from './testing/every-type.js'

const t = everyType
const [int, price, text, day, flag] = [t.col('int'), t.col('price'), t.col('text'), t.col('day'), t.col('flag')]
const lines = t.select('long', 'text_or_null', 'price')
const names = t.select('long', 'text')
const untyped: DataFrame = t

/** What must not compile is not run: some of it would fail at once, some only where a session runs it. */
const refused = (_: () => unknown): void => undefined

describe('E-22: a frame has the columns that its type says', () => {
  it('select, drop, rename, withColumn', () => {
    expect(
      differences(t.select('int', price.mul(2).as('twice')).rename({ int: 'n' }), {
        n: ['integer', false],
        twice: ['decimal', false],
      }),
    ).toEqual([])
    const widened = lines
      .withColumn('total', (c) => c.price.mul(c.long))
      .withColumns((c) => ({ price: c.price.cast({ kind: 'string' }), missing: c.text_or_null.isNull() }))
      .drop('long')
    expect(
      differences(widened, {
        text_or_null: ['string', true],
        price: ['string', false],
        total: ['decimal', false],
        missing: ['boolean', false],
      }),
    ).toEqual([])
  })

  it('groups and aggregates', () => {
    const totals = t
      .filter((c) => c.flag.and(c.int.gt(3)))
      .groupBy('text', fn.year(day).as('year'))
      .agg((c) => ({ n: agg.count(), total: agg.sum(c.price) }))
    expect(
      differences(totals, {
        text: ['string', false],
        year: ['integer', false],
        n: ['bigint', false],
        total: ['decimal', true],
      }),
    ).toEqual([])
    expect(differences(t.groupBy('text').count(), { text: ['string', false], count: ['bigint', false] })).toEqual([])
    expect(differences(t.agg(agg.max(day).as('last')), { last: ['date', true] })).toEqual([])
    const cubed = t.cube('text', 'day').agg({ n: agg.count() })
    expect(differences(cubed, { text: ['string', true], day: ['date', true], n: ['bigint', false] })).toEqual([])
    const sets = t.groupingSets([['text'], []]).agg({ n: agg.count() })
    expect(differences(sets, { text: ['string', true], n: ['bigint', false] })).toEqual([])
  })

  it('joins by keys: a side that may have no partner is null', () => {
    expect(
      differences(lines.join(names, ['long']), {
        long: ['bigint', false],
        text_or_null: ['string', true],
        price: ['decimal', false],
        text: ['string', false],
      }),
    ).toEqual([])
    const told = { long: ['bigint', false], text_or_null: ['string', true] } as const
    const left = { ...told, price: ['decimal', false], text: ['string', true] } as const
    const right = { ...told, price: ['decimal', true], text: ['string', false] } as const
    expect(differences(lines.join(names, ['long'], 'left'), left)).toEqual([])
    expect(differences(lines.join(names, ['long'], 'right'), right)).toEqual([])
    const full = { ...told, price: ['decimal', true], text: ['string', true] } as const
    expect(differences(lines.join(names, ['long'], 'full'), full)).toEqual([])
    const semi = { ...told, price: ['decimal', false] } as const
    expect(differences(lines.join(names, ['long'], 'left_semi'), semi)).toEqual([])
    expect(differences(lines.join(names, ['long'], 'left_anti'), semi)).toEqual([])
  })

  it('joins by pairs and conditions, and the cross join', () => {
    const people = names.rename({ long: 'id' })
    const paired = lines.join(people, [{ left: 'long', right: 'id' }], 'left')
    expect(
      differences(paired, {
        long: ['bigint', false],
        text_or_null: ['string', true],
        price: ['decimal', false],
        id: ['bigint', true],
        text: ['string', true],
      }),
    ).toEqual([])
    const on = lines.join(people, (line, person) => line.long.eq(person.id).and(line.price.gt(5)))
    expect(on.columns).toEqual(['long', 'text_or_null', 'price', 'id', 'text'])
    expect(on.col('price').node).toEqual({ kind: 'column', name: 'price' })
    // Of two columns of one name each side has its own.
    const sides = lines.join(names, (line, person) => line.long.lt(person.long))
    expect(sides.explain({ optimized: false })).toMatch(/long < long/)
    expect(names.crossJoin(t.select('day')).col('day').node.kind).toBe('column')
  })

  it('unions, windows, explode and the rest', () => {
    const both = t.select('int').union(t.select(t.col('long_or_null').as('int')))
    expect(differences(both, { int: ['bigint', true] })).toEqual([])
    const byName = lines.unionByName(names, { allowMissing: true })
    expect(
      differences(byName, {
        long: ['bigint', false],
        text_or_null: ['string', true],
        price: ['decimal', true],
        text: ['string', true],
      }),
    ).toEqual([])
    const placed = names.window((c) => ({
      place: win.rank().over({ partitionBy: [c.text], orderBy: [c.long.desc()] }),
    }))
    const first = placed
      .filter((c) => c.place.le(3))
      .orderBy('place', col('long'))
      .distinctOn(['text'], ['place'])
    expect(differences(first, { long: ['bigint', false], text: ['string', false], place: ['integer', false] })).toEqual(
      [],
    )
    const exploded = t.select('numbers').explode('n', 'numbers', { position: 'at' })
    expect(exploded.select('n', 'at').columns).toEqual(['n', 'at'])
  })

  it('what nothing is known of may be used wherever something is', () => {
    const some = untyped.filter(col('int').gt(1)).withColumn('y', col('int').add(1)).orderBy('y', col('text').desc())
    const joined = some.join(lines, ['long']).select(col('int'), 'y', lit(1).as('one'))
    expect(joined.columns).toEqual(['int', 'y', 'one'])
    expect(t.filter(col('int').eq(1)).select(col('text'), int.add(col('int')).as('sum')).columns).toEqual([
      'text',
      'sum',
    ])
    const shout = (of: Operand<string>): Expr<string | null> => fn.upper(of)
    expect(t.select(shout(text).as('a'), shout(col('text')).as('b'), shout('c').as('c')).columns).toEqual([
      'a',
      'b',
      'c',
    ])
    const anyExpressions: Expr[] = [int, text, col('x')]
    const anyFrames: DataFrame<object>[] = [t, lines, untyped]
    expect([anyExpressions, anyFrames].map((list) => list.length)).toEqual([3, 3])
  })

  it('a wrong column name does not compile', () => {
    // @ts-expect-error: there is no such column
    refused(() => t.col('nope'))
    // @ts-expect-error: there is no such column
    refused(() => t.select('int', 'nope'))
    // @ts-expect-error: there is no such column
    refused(() => t.drop('nope'))
    // @ts-expect-error: there is no such column
    refused(() => t.rename({ nope: 'other' }))
    // @ts-expect-error: there is no such column
    refused(() => t.orderBy('nope'))
    // @ts-expect-error: there is no such column
    refused(() => t.groupBy('nope'))
    // @ts-expect-error: there is no such column
    refused(() => t.rollup('nope'))
    // @ts-expect-error: there is no such column
    refused(() => t.cube('nope'))
    // @ts-expect-error: there is no such column
    refused(() => t.groupingSets([['text'], ['nope']]))
    // @ts-expect-error: there is no such column
    refused(() => t.distinctOn(['nope']))
    // @ts-expect-error: there is no such column
    refused(() => t.distinctOn(['text'], ['nope']))
    // @ts-expect-error: there is no such column
    refused(() => t.explode('n', 'nope'))
    // @ts-expect-error: there is no such column
    refused(() => t.filter((c) => c.nope.isNull()))
    // @ts-expect-error: there is no such column
    refused(() => t.withColumn('x', (c) => c.nope))
    // @ts-expect-error: there is no such column
    refused(() => t.withColumns((c) => ({ x: c.nope })))
    // @ts-expect-error: there is no such column
    refused(() => t.window((c) => ({ x: agg.sum(c.nope).over() })))
    // @ts-expect-error: there is no such column
    refused(() => t.groupBy('text').agg((c) => ({ x: agg.sum(c.nope) })))
    // @ts-expect-error: there is no such column
    refused(() => lines.join(names, ['nope']))
    // @ts-expect-error: only one side has it
    refused(() => lines.join(names, ['price']))
    // @ts-expect-error: there is no such column
    refused(() => lines.join(names, [{ left: 'long', right: 'nope' }]))
    // @ts-expect-error: there is no such column
    refused(() => lines.join(names, (line, person) => line.long.eq(person.nope)))
    // @ts-expect-error: it is not selected
    refused(() => t.select('int').col('text'))
    // @ts-expect-error: it is dropped
    refused(() => t.drop('int').select('int'))
    // @ts-expect-error: it is renamed
    refused(() => t.rename({ int: 'n' }).orderBy('int'))
    // @ts-expect-error: it is no key
    refused(() => t.groupBy('text').agg({ n: agg.count() }).select('int'))
    // @ts-expect-error: a semi join has the left columns
    refused(() => lines.join(names, ['long'], 'left_semi').select('text'))
    // @ts-expect-error: both sides have it
    refused(() => lines.join(names, (line, person) => line.long.eq(person.long)).select('long'))
    // @ts-expect-error: one has other columns
    refused(() => lines.unionByName(names))
  })

  it('a wrong type does not compile', () => {
    // @ts-expect-error: a number is no condition
    refused(() => t.filter(int))
    // @ts-expect-error: the types do not go together
    refused(() => t.where((c) => c.int.add(1)))
    // @ts-expect-error: the types do not go together
    refused(() => lines.join(names, (line, person) => line.long.add(person.long)))
    // @ts-expect-error: the keys are a number and a text
    refused(() => lines.join(names, [{ left: 'price', right: 'text' }]))
    // @ts-expect-error: the types do not go together
    refused(() => lines.join(t.select(text.as('long')), ['long']))
    // @ts-expect-error: the types do not go together
    refused(() => t.select('int').union(t.select(text.as('int'))))
    // @ts-expect-error: the types do not go together
    refused(() => t.select('int').unionByName(t.select(day.as('int'))))
    // @ts-expect-error: the types do not go together
    refused(() => t.select('int').intersect(t.select(flag.as('int'))))
    // @ts-expect-error: the types do not go together
    refused(() => t.select('int').except(t.select(flag.as('int'))))
    // @ts-expect-error: the types do not go together
    refused(() => int.add('x'))
    // @ts-expect-error: the types do not go together
    refused(() => text.add(1))
    // @ts-expect-error: the types do not go together
    refused(() => price.mul(flag))
    // @ts-expect-error: days are no numbers
    refused(() => day.mul(2))
    // @ts-expect-error: the types do not go together
    refused(() => day.add(day))
    // @ts-expect-error: the types do not go together
    refused(() => agg.collectList(int).mod(2))
    // @ts-expect-error: the types do not go together
    refused(() => text.neg())
    // @ts-expect-error: the types do not go together
    refused(() => int.eq('1'))
    // @ts-expect-error: the types do not go together
    refused(() => text.ne(1))
    // @ts-expect-error: a date is written as text
    refused(() => day.gt(12_000))
    // @ts-expect-error: the types do not go together
    refused(() => flag.lt(1))
    // @ts-expect-error: the types do not go together
    refused(() => int.isNotDistinctFrom(text))
    // @ts-expect-error: the types do not go together
    refused(() => int.between(1, 'b'))
    // @ts-expect-error: the types do not go together
    refused(() => int.in_([1, 'b']))
    // @ts-expect-error: the types do not go together
    refused(() => int.like('1%'))
    // @ts-expect-error: the types do not go together
    refused(() => text.rlike(5))
    // @ts-expect-error: the types do not go together
    refused(() => text.concat(int))
    // @ts-expect-error: the types do not go together
    refused(() => flag.and(int))
    // @ts-expect-error: the types do not go together
    refused(() => int.or(flag))
    // @ts-expect-error: the types do not go together
    refused(() => int.not())
    // @ts-expect-error: the types do not go together
    refused(() => agg.sum(int).filter(int))
    // @ts-expect-error: the types do not go together
    refused(() => text.field('member'))
    // @ts-expect-error: the types do not go together
    refused(() => when(int, 1))
    // @ts-expect-error: the types do not go together
    refused(() => when(flag, 1).when(flag, 'b'))
    // @ts-expect-error: the types do not go together
    refused(() => when(flag, 1).otherwise('b'))
    // @ts-expect-error: the types do not go together
    refused(() => fn.coalesce(int, text))
    // @ts-expect-error: the types do not go together
    refused(() => fn.nullif(int, text))
    // @ts-expect-error: the types do not go together
    refused(() => fn.lower(int))
    // @ts-expect-error: the types do not go together
    refused(() => fn.year(int))
    // @ts-expect-error: the types do not go together
    refused(() => agg.sum(text))
    // @ts-expect-error: the types do not go together
    refused(() => agg.avg(day))
    // @ts-expect-error: the types do not go together
    refused(() => agg.boolAnd(int))
    // @ts-expect-error: the types do not go together
    refused(() => agg.bitOr(price))
    // @ts-expect-error: the types do not go together
    refused(() => win.lag(day, 1, 0))
  })

  it('types are covariant, and nulls do not get lost', () => {
    const orNull: Expr<IntegerValue | null> = int
    // @ts-expect-error: it may be null
    const never: Expr<IntegerValue> = t.col('int_or_null')
    // @ts-expect-error: a bigint is no int
    const other: Expr<BigintValue> = int
    const fewer: DataFrame<{ int: IntegerValue | null }> = t
    // @ts-expect-error: it may be null
    const strict: DataFrame<{ int_or_null: IntegerValue }> = t
    // @ts-expect-error: a decimal is no bigint
    const number: DataFrame<{ price: BigintValue }> = t
    const plain: DataFrame<{ price: bigint; long: bigint }> = t
    const again: DataFrame<Pick<EveryType, 'price'>> = plain as DataFrame<{ price: DecimalValue }>
    expect([orNull, never, other, fewer, strict, number, again].every((it) => it !== undefined)).toBe(true)
  })
})
