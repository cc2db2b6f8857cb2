import { agg, col, fn, grouping, lit, when, win } from '@deltaworks/expression'
import type {
  DateFunction,
  DatePart,
  Expr,
  NumberFunction,
  TextFunction,
  TextMeasure,
  TextTest,
} from '@deltaworks/expression'
import { date, decimal, float64, int32, int64, string, timestamp, type ValueKind } from '@deltaworks/schema'
import { differences, everyType, kindOfType } from './testing/every-type.js'

const t = everyType
const [int, intOrNull, long, price, priceOrNull] = [
  t.col('int'),
  t.col('int_or_null'),
  t.col('long'),
  t.col('price'),
  t.col('price_or_null'),
]
const [flag, flagOrNull, text, textOrNull, day, moment] = [
  t.col('flag'),
  t.col('flag_or_null'),
  t.col('text'),
  t.col('text_or_null'),
  t.col('day'),
  t.col('moment_or_null'),
]

describe('E-22: an expression is of the type that its TypeScript type says', () => {
  it('columns', () => {
    const told = t.select(int, intOrNull, 'text', 'price_or_null', long.as('other'))
    expect(
      differences(told, {
        int: ['integer', false],
        int_or_null: ['integer', true],
        text: ['string', false],
        price_or_null: ['decimal', true],
        other: ['bigint', false],
      }),
    ).toEqual([])
  })

  it('constants', () => {
    const told = t.select(
      lit(5).as('whole'),
      lit(2.5).as('fraction'),
      lit(-3).as('negative'),
      lit(5n).as('big'),
      lit('a').as('word'),
      lit(true).as('yes'),
      lit(new Uint8Array(1)).as('raw'),
      lit('2003-02-24', date).as('on'),
      lit('2003-02-24', timestamp).as('at'),
      lit('12.50', decimal(12, 2)).as('cost'),
      lit(1, int64).as('widened'),
      lit(null, string).as('nothing'),
    )
    expect(
      differences(told, {
        whole: ['integer', false],
        fraction: ['float', false],
        negative: ['integer', false],
        big: ['bigint', false],
        word: ['string', false],
        yes: ['boolean', false],
        raw: ['binary', false],
        on: ['date', false],
        at: ['timestamp', false],
        cost: ['decimal', false],
        widened: ['bigint', false],
        nothing: ['string', true],
      }),
    ).toEqual([])
  })

  it('arithmetic, comparison, logic and text', () => {
    const told = t.select(
      int.add(1).as('add'),
      int.add(intOrNull).as('add_null'),
      int.mul(long).as('mul'),
      price.mul(int).as('cost'),
      price.mul(0.5).as('share'),
      int.div(2).as('div'),
      price.div(intOrNull).as('price_div'),
      long.mod(7).as('mod'),
      day.add(1).as('tomorrow'),
      day.sub(day).as('days'),
      moment.sub(day).as('since'),
      int.neg().as('neg'),
      int.eq(long).as('eq'),
      int.lt(intOrNull).as('lt'),
      day.ge('2003-02-24').as('ge'),
      intOrNull.isNotDistinctFrom(3).as('same'),
      intOrNull.isNull().as('is_null'),
      int.between(1, 5).as('between'),
      int.between(1, intOrNull).as('between_null'),
      text.in_(['a', 'b']).as('in'),
      textOrNull.in_(['a']).as('in_null'),
      flag.and(int.gt(1), flagOrNull).as('and'),
      flag.or(int.gt(1)).as('or'),
      flagOrNull.not().as('not'),
      text.like('a%').as('like'),
      textOrNull.startsWith('a').as('starts'),
      text.contains(textOrNull).as('contains'),
      text.concat('x').as('concat'),
      textOrNull.concat(text).as('concat_null'),
    )
    expect(
      differences(told, {
        add: ['integer', false],
        add_null: ['integer', true],
        mul: ['bigint', false],
        cost: ['decimal', false],
        share: ['float', false],
        div: ['float', false],
        price_div: ['decimal', true],
        mod: ['bigint', false],
        tomorrow: ['date', false],
        days: ['integer', false],
        since: ['nested', true],
        neg: ['integer', false],
        eq: ['boolean', false],
        lt: ['boolean', true],
        ge: ['boolean', false],
        same: ['boolean', false],
        is_null: ['boolean', false],
        between: ['boolean', false],
        between_null: ['boolean', true],
        in: ['boolean', false],
        in_null: ['boolean', true],
        and: ['boolean', true],
        or: ['boolean', false],
        not: ['boolean', true],
        like: ['boolean', false],
        starts: ['boolean', true],
        contains: ['boolean', true],
        concat: ['string', false],
        concat_null: ['string', true],
      }),
    ).toEqual([])
  })

  it('casts, CASE and what chooses between values', () => {
    const told = t.select(
      text.cast(int32).as('cast'),
      textOrNull.cast(float64).as('cast_null'),
      text.tryCast(date).as('try_cast'),
      lit(null).cast(string).as('null_cast'),
      when(flag, int).as('when'),
      when(flag, int).otherwise(0).as('otherwise'),
      when(flag, int).when(flagOrNull, long).otherwise(price).as('widest'),
      when(flag, text).otherwise(null).as('or_nothing'),
      when(flag, null).otherwise(day).as('nothing_or'),
      when(flag, '2003-02-24').otherwise(day).as('dates'),
      fn.coalesce(intOrNull, long).as('coalesce'),
      fn.coalesce(intOrNull, null).as('coalesce_null'),
      fn.coalesce(null, textOrNull, 'x').as('first_text'),
      fn.nullif(int, 0).as('nullif'),
      fn.abs(priceOrNull).as('abs'),
      fn.concat_ws(' ', textOrNull, int).as('concat_ws'),
      fn.xxhash64(textOrNull).as('hash'),
      fn.date_format(day, 'yyyy').as('format'),
      fn.datediff(day, moment).as('datediff'),
    )
    expect(
      differences(told, {
        cast: ['integer', false],
        cast_null: ['float', true],
        try_cast: ['date', true],
        null_cast: ['string', true],
        when: ['integer', true],
        otherwise: ['integer', false],
        widest: ['decimal', false],
        or_nothing: ['string', true],
        nothing_or: ['date', true],
        dates: ['date', false],
        coalesce: ['bigint', false],
        coalesce_null: ['integer', true],
        first_text: ['string', false],
        nullif: ['integer', true],
        abs: ['decimal', true],
        concat_ws: ['string', false],
        hash: ['bigint', false],
        format: ['string', false],
        datediff: ['integer', true],
      }),
    ).toEqual([])
  })

  it('functions by their names, without nulls and with them', () => {
    const texts: Readonly<Record<TextFunction, Expr[]>> = {
      initcap: [],
      left: [lit(1)],
      lower: [],
      lpad: [lit(3), lit(' ')],
      ltrim: [],
      regexp_extract: [lit('a')],
      regexp_replace: [lit('a'), lit('b')],
      repeat: [lit(2)],
      replace: [lit('a'), lit('b')],
      right: [lit(1)],
      rpad: [lit(3), lit(' ')],
      rtrim: [],
      split_part: [lit(','), lit(1)],
      substring: [lit(1), lit(2)],
      translate: [lit('a'), lit('b')],
      trim: [],
      upper: [],
    }
    const measures: Readonly<Record<TextMeasure, Expr[]>> = {
      length: [],
      levenshtein: [lit('a')],
      regexp_count: [lit('a')],
      strpos: [lit('a')],
    }
    const tests: Readonly<Record<TextTest, Expr[]>> = {
      contains: [lit('a')],
      ends_with: [lit('a')],
      ilike: [lit('a')],
      like: [lit('a')],
      rlike: [lit('a')],
      starts_with: [lit('a')],
    }
    const parts: Readonly<Record<DatePart, Expr[]>> = {
      day: [],
      dayofweek: [],
      dayofyear: [],
      hour: [],
      minute: [],
      month: [],
      quarter: [],
      second: [],
      week: [],
      year: [],
    }
    const dates: Readonly<Record<DateFunction, Expr[]>> = {
      add_months: [lit(1)],
      date_add: [lit(1)],
      date_sub: [lit(1)],
      last_day: [],
    }
    const floats: Readonly<Record<NumberFunction, Expr[]>> = { exp: [], power: [lit(2)], sqrt: [] }
    const wrong = (functions: Readonly<Record<string, Expr[]>>, input: 'text' | 'moment' | 'double', kind: ValueKind) =>
      Object.entries(functions).flatMap(([name, rest]) => {
        const call = (of: Expr): Expr => (fn as Readonly<Record<string, (...args: Expr[]) => Expr>>)[name]!(of, ...rest)
        const frame = t.select(call(col(input)).as('known'), call(col(`${input}_or_null`)).as('maybe'))
        const [known, maybe] = frame.schema.fields
        const agrees = [known, maybe].every((column) => kindOfType(column!.type) === kind)
        return agrees && !known!.nullable && maybe!.nullable ? [] : [[name, known, maybe]]
      })
    expect(wrong(texts, 'text', 'string')).toEqual([])
    expect(wrong(measures, 'text', 'integer')).toEqual([])
    expect(wrong(tests, 'text', 'boolean')).toEqual([])
    expect(wrong(parts, 'moment', 'integer')).toEqual([])
    expect(wrong(dates, 'moment', 'date')).toEqual([])
    expect(wrong(floats, 'double', 'float')).toEqual([])
  })

  it('aggregates', () => {
    const told = t.agg({
      count: agg.count(),
      count_distinct: agg.countDistinct(textOrNull),
      count_if: agg.countIf(flagOrNull),
      about: agg.approxCountDistinct(text),
      sum: agg.sum(int),
      sum_price: agg.sum(price),
      sum_distinct: agg.sumDistinct(long),
      avg: agg.avg(long),
      avg_price: agg.avg(price),
      filtered: agg.count().filter(flag),
      mean: agg.sum(int).div(agg.count()),
      min: agg.min(day),
      max: agg.max(text),
      any: agg.anyValue(price),
      first: agg.first(int, true),
      last: agg.last(int),
      all: agg.boolAnd(flag),
      some: agg.boolOr(flag),
      stddev: agg.stddev(int),
      corr: agg.corr(int, price),
      slope: agg.regrSlope(int, price),
      pairs: agg.regrCount(int, price),
      median: agg.median(price),
      part: agg.percentile(int, 0.5),
      list: agg.collectList(textOrNull),
      set: agg.collectSet(int),
      ordered: agg.collectListOrdered(int, day.desc()),
      joined: agg.stringAgg(text, ','),
      joined_ordered: agg.stringAggOrdered(text, ',', day),
      best: agg.argMax(text, price),
      bits: agg.bitOr(long),
      mode: agg.mode(text),
      disc: agg.percentileDisc(0.5, price),
      approx: agg.approxPercentile(price, 0.5),
    })
    expect(
      differences(told, {
        count: ['bigint', false],
        count_distinct: ['bigint', false],
        count_if: ['bigint', false],
        about: ['bigint', false],
        sum: ['bigint', true],
        sum_price: ['decimal', true],
        sum_distinct: ['bigint', true],
        avg: ['float', true],
        avg_price: ['decimal', true],
        filtered: ['bigint', false],
        mean: ['float', true],
        min: ['date', true],
        max: ['string', true],
        any: ['decimal', true],
        first: ['integer', true],
        last: ['integer', true],
        all: ['boolean', true],
        some: ['boolean', true],
        stddev: ['float', true],
        corr: ['float', true],
        slope: ['float', true],
        pairs: ['bigint', false],
        median: ['float', true],
        part: ['float', true],
        list: ['nested', false],
        set: ['nested', false],
        ordered: ['nested', false],
        joined: ['string', true],
        joined_ordered: ['string', true],
        best: ['string', true],
        bits: ['bigint', true],
        mode: ['string', true],
        disc: ['decimal', true],
        approx: ['decimal', true],
      }),
    ).toEqual([])
    const grouped = t.rollup('text').agg({ level: grouping(text) })
    expect(differences(grouped, { text: ['string', true], level: ['integer', false] })).toEqual([])
  })

  it('window functions', () => {
    const over = { partitionBy: [text], orderBy: [day.desc(), int] }
    const windows = t.window({
      number: win.rowNumber().over(over),
      rank: win.rank().over(over),
      dense: win.denseRank().over(over),
      percent: win.percentRank().over(over),
      share: win.cumeDist().over(over),
      bucket: win.ntile(4).over(over),
      lag: win.lag(day).over(over),
      lead: win.lead(int, 2, 0).over(over),
      wider: win.lead(int, 1, long).over(over),
      first: win.firstValue(text).over(over),
      last: win.lastValue(price).over(over),
      nth: win.nthValue(price, 2).over(over),
      running: agg.sum(int).over(over),
      counted: agg.count().over(over),
    })
    const names = ['number', 'rank', 'dense', 'percent', 'share', 'bucket', 'lag', 'lead', 'wider'] as const
    expect(
      differences(windows.select(...names, 'first', 'last', 'nth', 'running', 'counted'), {
        number: ['integer', false],
        rank: ['integer', false],
        dense: ['integer', false],
        percent: ['float', false],
        share: ['float', false],
        bucket: ['integer', false],
        lag: ['date', true],
        lead: ['integer', true],
        wider: ['bigint', true],
        first: ['string', true],
        last: ['decimal', true],
        nth: ['decimal', true],
        running: ['bigint', true],
        counted: ['bigint', false],
      }),
    ).toEqual([])
  })
})
