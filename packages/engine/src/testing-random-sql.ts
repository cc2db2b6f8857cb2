import { boolean, date, decimal, field, float64, int32, int64, schema, string, type Value } from '@deltaworks/schema'
import { randomNumbers, type TestTable } from './testing.js'

/*
 * Random tables and random queries over them, the same for the same seed, in the SQL that DuckDB and we have in common.
 */

type Kind = 'int' | 'bigint' | 'decimal' | 'double' | 'text' | 'bool' | 'date'

const columns: readonly (readonly [string, Kind])[] = [
  ['i', 'int'],
  ['l', 'bigint'],
  ['d', 'decimal'],
  ['f', 'double'],
  ['s', 'text'],
  ['b', 'bool'],
  ['t', 'date'],
]

const extremes: Readonly<Record<Kind, readonly Value[]>> = {
  int: [0, 1, -1, 2_147_483_647, -2_147_483_648],
  bigint: [0n, 1n, -1n, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n],
  decimal: [0n, 1n, -1n, 9_999_999_999n, -9_999_999_999n],
  double: [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1],
  text: ['', ' ', '%', '_', 'Île', '日本', "a'b", 'NaN', '10', '9'],
  bool: [true, false],
  date: [0, -1, 11_016, 19_782, -719_162, 2_932_896],
}

export function randomTables(seed: number): Readonly<Record<string, TestTable>> {
  const random = randomNumbers(seed)
  const value = (kind: Kind): Value => {
    if (random(8) === 0) return null
    if (random(6) === 0) return extremes[kind][random(extremes[kind].length)]!
    switch (kind) {
      case 'int':
        return random(9) - 4
      case 'bigint':
        return BigInt(random(9) - 4)
      case 'decimal':
        return BigInt(random(2000) - 1000)
      case 'double':
        return (random(64) - 32) / 8
      case 'text':
        return ['a', 'b', 'ab', 'Abc', 'x y', 'zz'][random(6)]!
      case 'bool':
        return random(2) === 1
      case 'date':
        return 12_000 + random(60)
    }
  }
  const table = (rows: number): TestTable => ({
    ddl: 'i int, l bigint, d decimal(10,2), f double, s varchar, b boolean, t date',
    schema: schema([
      field('i', int32),
      field('l', int64),
      field('d', decimal(10, 2)),
      field('f', float64),
      field('s', string),
      field('b', boolean),
      field('t', date),
    ]),
    rows: Array.from({ length: rows }, () => columns.map(([, kind]) => value(kind))),
  })
  return { a: table(24 + random(10)), c: table(8 + random(8)), none: table(0) }
}

/** The `index`-th query of a seed. */
export const randomQuery = (seed: number, index: number): string => new QueryWriter(seed * 7919 + index).query()

class QueryWriter {
  readonly #random: (below: number) => number
  /** The columns that expressions may use, by kind: `x.i`. */
  #tables: readonly string[] = []

  constructor(seed: number) {
    this.#random = randomNumbers(Math.imul(seed + 1, 2_654_435_761))
    for (let i = 0; i < 3; i++) this.#random(2)
  }

  query(): string {
    switch (this.#random(13)) {
      case 0:
      case 1:
        return this.#plain()
      case 2:
      case 3:
      case 4:
        return this.#grouped()
      case 5:
      case 6:
        return this.#joined()
      case 7:
        return this.#setOperation()
      case 8:
      case 9:
        return this.#windowed()
      case 10:
        return this.#lateral()
      default:
        return this.#subqueries()
    }
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)]!
  }
  #kind(): Kind {
    return this.#pick(columns)[1]
  }
  #from(alias: string): string {
    return `${this.#pick(['a', 'a', 'a', 'c', 'c', 'none'])} ${alias}`
  }
  #where(depth = 2): string {
    return this.#random(3) === 0 ? '' : ` where ${this.#bool(depth)}`
  }
  #outputs(count: number): string {
    return Array.from({ length: count }, (_, i) => `${this.#expression(this.#kind(), 2)} as o${i}`).join(', ')
  }

  #plain(): string {
    this.#tables = ['x']
    const count = 1 + this.#random(3)
    const distinct = this.#random(3) === 0 ? 'distinct ' : ''
    const text = `select ${distinct}${this.#outputs(count)} from ${this.#from('x')}${this.#where()}`
    if (this.#random(2) === 0) return text
    const order = Array.from(
      { length: count },
      (_, i) => `${i + 1}${this.#pick(['', ' desc', ' nulls last', ' desc nulls first'])}`,
    )
    return `${text} order by ${order.join(', ')} limit ${this.#random(9)} offset ${this.#random(4)}`
  }

  #grouped(): string {
    this.#tables = ['x']
    const keys = Array.from({ length: this.#random(3) }, () =>
      this.#column(this.#pick(['int', 'text', 'bool', 'date', 'double'])),
    )
    const unique = [...new Set(keys)]
    const aggregates = Array.from({ length: 1 + this.#random(3) }, () => this.#aggregate())
    const by =
      unique.length === 0
        ? ''
        : ` group by ${this.#pick([unique.join(', '), `rollup(${unique.join(', ')})`, `cube(${unique.join(', ')})`, unique.join(', ')])}`
    const having = this.#random(4) === 0 ? ` having count(*) > ${this.#random(3)}` : ''
    const outputs = [...unique, ...aggregates].map((e, i) => `${e} as o${i}`)
    return `select ${outputs.join(', ')} from ${this.#from('x')}${this.#where(1)}${by}${having}`
  }

  #aggregate(): string {
    const filter = this.#random(4) === 0 ? ` filter (where ${this.#bool(1)})` : ''
    const kind = this.#kind()
    if (this.#random(4) === 0) return `${this.#orderedAggregate()}${filter}`
    const name = this.#pick([
      'count',
      'min',
      'max',
      'sum',
      'count distinct',
      'bool_and',
      'bool_or',
      'avg',
      'median',
      'var_pop',
      'bit_or',
    ])
    switch (name) {
      case 'count':
        return `${this.#pick(['count(*)', `count(${this.#expression(kind, 1)})`])}${filter}`
      case 'count distinct':
        return `count(distinct ${this.#expression(kind, 1)})${filter}`
      case 'min':
      case 'max':
        return `${name}(${this.#expression(kind, 1)})${filter}`
      case 'bool_and':
      case 'bool_or':
        return `${name}(${this.#bool(1)})${filter}`
      case 'bit_or':
        return `${name}(${this.#expression('int', 1)})${filter}`
      case 'sum':
        return `sum(${this.#pick(['', 'distinct '])}${this.#expression(this.#pick(['int', 'decimal']), 1)})${filter}`
      default:
        return `${name}(${this.#expression('int', 1)})${filter}`
    }
  }

  #orderedAggregate(): string {
    const by = `${this.#column('int')}${this.#pick(['', ' desc'])}`
    const text = this.#column('text')
    return this.#pick([
      `string_agg(${text}, '-' order by ${by}, ${text})`,
      `percentile_disc(${this.#pick(['0', '0.3', '0.5', '1'])}) within group (order by ${this.#column('int')})`,
      `percentile_cont(0.25) within group (order by ${this.#expression('int', 1)})`,
      `regr_count(${this.#expression('int', 1)}, ${this.#expression('int', 1)})`,
      `bit_and(${this.#expression('int', 1)})`,
    ])
  }

  #lateral(): string {
    this.#tables = ['x']
    const [outer, inner] = [this.#from('x'), this.#from('y')]
    this.#tables = ['x', 'y']
    const condition = this.#bool(1)
    const body = this.#pick([
      `select count(*) as n, max(y.t) as m from ${inner} where ${condition}`,
      `select y.i as n, y.t as m from ${inner} where ${condition} order by y.i, y.t limit ${1 + this.#random(2)}`,
      `select y.i as n, min(y.t) as m from ${inner} where ${condition} group by y.i`,
    ])
    const join = this.#pick(['cross join lateral', 'left join lateral'])
    return `select x.i as o0, z.n as o1, z.m as o2 from ${outer} ${join} (${body}) z${join.startsWith('left') ? ' on true' : ''}`
  }

  #joined(): string {
    this.#tables = ['x', 'y']
    const kind = this.#kind()
    const equality = `x.${columnOf(kind)} ${this.#pick(['=', '=', '=', 'is not distinct from'])} y.${columnOf(kind)}`
    const on = this.#pick([equality, `${equality} and ${this.#bool(1)}`, this.#comparison(), this.#bool(1)])
    const join = this.#pick(['join', 'left join', 'right join', 'full join'])
    const text = `from ${this.#from('x')} ${join} ${this.#from('y')} on ${on}${this.#where(1)}`
    return this.#random(3) === 0
      ? `select count(*) as n, ${this.#aggregate()} as o ${text}`
      : `select ${this.#outputs(3)} ${text}`
  }

  #setOperation(): string {
    this.#tables = ['x']
    const kinds = Array.from({ length: 1 + this.#random(2) }, () => this.#kind())
    const part = (): string =>
      `select ${kinds.map((kind, i) => `${this.#column(kind)} as o${i}`).join(', ')} from ${this.#from('x')}${this.#where(1)}`
    const operator = this.#pick(['union', 'union all', 'intersect', 'intersect all', 'except', 'except all'])
    return `${part()} ${operator} ${part()}`
  }

  #windowed(): string {
    this.#tables = ['x']
    const order = `${this.#column('int')}${this.#pick(['', ' desc', ' nulls last'])}`
    const partition = this.#random(2) === 0 ? '' : `partition by ${this.#column(this.#pick(['text', 'bool']))} `
    const bound = (side: string): string =>
      this.#pick([`unbounded ${side}`, 'current row', `${this.#random(3)} ${side}`])
    const frame = this.#pick([
      '',
      ` ${this.#pick(['rows', 'groups', 'range'])} between ${bound('preceding')} and ${bound('following')}`,
    ])
    const exclude = frame === '' ? '' : this.#pick(['', '', ' exclude current row', ' exclude group', ' exclude ties'])
    // Only what does not hang on the order of peers, unless the order is whole.
    const isRows = frame.includes('rows')
    const f = this.#pick(
      isRows
        ? ['count(*)', 'count(1)']
        : [
            'rank()',
            'dense_rank()',
            'percent_rank()',
            'cume_dist()',
            'count(*)',
            'sum(x.i)',
            'min(x.t)',
            'max(x.d)',
            'count(distinct x.b)',
            'sum(x.d) filter (where x.b)',
          ],
    )
    const isRanking = /rank|cume/.test(f)
    const whole = isRows && exclude !== ''
    return `select x.i as o0, ${f} over (${partition}order by ${order}${isRanking ? '' : `${frame}${whole ? '' : exclude}`}) as o1 from ${this.#from('x')}${this.#where(1)}`
  }

  #subqueries(): string {
    this.#tables = ['x']
    const kind = this.#pick<Kind>(['int', 'text', 'date', 'bigint'])
    const column = columnOf(kind)
    const [outer, inner] = [this.#from('x'), this.#from('y')]
    const within = (): string => {
      this.#tables = ['x', 'y']
      const condition = this.#bool(1)
      this.#tables = ['x']
      return condition
    }
    const test = this.#pick([
      () => `x.${column} ${this.#pick(['in', 'not in'])} (select y.${column} from ${inner} where ${within()})`,
      () => `x.${column} ${this.#pick(['in', 'not in'])} (select y.${column} from ${inner})`,
      () => `${this.#pick(['', 'not '])}exists (select 1 from ${inner} where ${within()})`,
      () =>
        `x.${column} ${this.#pick(['<', '>=', '=', '<>'])} ${this.#pick(['any', 'all'])} (select y.${column} from ${inner} where ${within()})`,
      () => `x.${column} >= (select ${this.#pick(['max', 'min'])}(y.${column}) from ${inner} where ${within()})`,
      () => `(select count(*) from ${inner} where ${within()}) > ${this.#random(4)}`,
      () => `(select sum(y.i) from ${inner} where y.s = x.s) is not null`,
    ])()
    return this.#random(2) === 0
      ? `select x.i as o0, x.s as o1 from ${outer} where ${test}`
      : `select x.i as o0, ${test} as o1 from ${outer}${this.#where(1)}`
  }

  #column(kind: Kind): string {
    return `${this.#pick(this.#tables)}.${columnOf(kind)}`
  }

  #literal(kind: Kind): string {
    switch (kind) {
      case 'int':
        return String(this.#random(9) - 4)
      case 'bigint':
        return `cast(${this.#random(9) - 4} as bigint)`
      case 'decimal':
        return `cast('${this.#random(2000) - 1000}.${this.#random(90) + 10}' as decimal(10,2))`
      case 'double':
        return `cast('${this.#pick(['0.5', '-1.25', 'NaN', '3', '-0.0'])}' as double precision)`
      case 'text':
        return this.#pick([`'a'`, `'b'`, `''`, `'Abc'`, `'Île'`])
      case 'bool':
        return this.#pick(['true', 'false'])
      case 'date':
        return `date '${this.#pick(['2002-11-20', '1970-01-01', '2000-02-29'])}'`
    }
  }

  #expression(kind: Kind, depth: number): string {
    const leaf = (): string => (this.#random(4) === 0 ? this.#literal(kind) : this.#column(kind))
    if (depth === 0 || this.#random(3) === 0) return leaf()
    const e = (of: Kind): string => this.#expression(of, depth - 1)
    const common = this.#random(6)
    if (common === 0) return `case when ${this.#bool(depth - 1)} then ${e(kind)} else ${e(kind)} end`
    if (common === 1) return `coalesce(${e(kind)}, ${e(kind)})`
    if (common === 2 && kind !== 'bool') return `nullif(${e(kind)}, ${e(kind)})`
    if (common === 3 && kind !== 'bool') return `${this.#pick(['greatest', 'least'])}(${e(kind)}, ${e(kind)})`
    switch (kind) {
      case 'int':
        return this.#pick([
          () => `(${e('int')} ${this.#pick(['+', '-', '*'])} ${e('int')})`,
          () => `length(${e('text')})`,
          () => `(${e('int')} % ${this.#pick(['3', '-2', '7'])})`,
          () => `cast(extract(${this.#pick(['year', 'month', 'day', 'quarter'])} from ${e('date')}) as int)`,
          () => `cast(${e('bool')} as int)`,
          () => `cast((${e('date')} - ${e('date')}) as int)`,
        ])()
      case 'bigint':
        return this.#pick([
          () => `(${e('bigint')} ${this.#pick(['+', '-', '*'])} ${e('bigint')})`,
          () => `cast(${e('int')} as bigint)`,
        ])()
      case 'decimal':
        return this.#pick([
          () => `cast((${e('decimal')} ${this.#pick(['+', '-'])} ${e('decimal')}) as decimal(10,2))`,
          () => `abs(${e('decimal')})`,
          () => `cast(${this.#random(100)} as decimal(10,2))`,
        ])()
      case 'double':
        return this.#pick([
          () => `(${e('double')} ${this.#pick(['+', '-', '*'])} ${e('double')})`,
          () => `abs(${e('double')})`,
          () => `cast(${e('int')} as double precision)`,
        ])()
      case 'text':
        return this.#pick([
          () => `(${e('text')} || ${e('text')})`,
          () => `${this.#pick(['upper', 'lower', 'trim', 'reverse'])}(${e('text')})`,
          () => `substring(${e('text')} from ${1 + this.#random(2)} for ${this.#random(3)})`,
          () => `replace(${e('text')}, 'a', 'xy')`,
          () => `cast(${e(this.#pick(['int', 'bigint', 'decimal', 'date', 'bool']))} as varchar)`,
          () => `${this.#pick(['left', 'right'])}(${e('text')}, ${this.#random(3)})`,
        ])()
      case 'bool':
        return this.#bool(depth - 1)
      case 'date':
        return this.#pick([
          () => `cast(date_trunc('${this.#pick(['month', 'year', 'week'])}', ${e('date')}) as date)`,
          () => `last_day(${e('date')})`,
        ])()
    }
  }

  #comparison(): string {
    const kind = this.#kind()
    const e = (): string => (kind === 'bool' ? `(${this.#expression(kind, 1)})` : this.#expression(kind, 1))
    return `${e()} ${this.#pick(['=', '<>', '<', '<=', '>', '>='])} ${e()}`
  }

  #bool(depth: number): string {
    if (depth <= 0) return this.#pick([this.#column('bool'), this.#comparison()])
    const kind = this.#kind()
    const e = (): string =>
      kind === 'bool' ? `(${this.#expression(kind, depth - 1)})` : this.#expression(kind, depth - 1)
    return this.#pick([
      () => `(${this.#bool(depth - 1)} ${this.#pick(['and', 'or'])} ${this.#bool(depth - 1)})`,
      () => `not (${this.#bool(depth - 1)})`,
      () => `${e()} is ${this.#pick(['', 'not '])}null`,
      () => `${e()} ${this.#pick(['', 'not '])}between ${e()} and ${e()}`,
      () => `${e()} ${this.#pick(['', 'not '])}in (${e()}, ${this.#literal(kind)})`,
      () => `${e()} is ${this.#pick(['', 'not '])}distinct from ${e()}`,
      () =>
        `${this.#expression('text', 1)} ${this.#pick(['like', 'not like'])} '${this.#pick(['a%', '%b%', '_', '%', ''])}'`,
      () => `(${this.#comparison()})`,
      () => `(${this.#comparison()})`,
    ])()
  }
}

const columnOf = (kind: Kind): string => columns.find(([, of]) => of === kind)![0]
