import { columnOf, columns, type Kind } from './testing-random-tables.js'
import { randomNumbers } from './testing.js'

/*
 * Random queries over the tables of `randomTables`, the same for the same seed, in the SQL that DuckDB and we have in common.
 */

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
    switch (this.#random(18)) {
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
      case 11:
        return this.#common()
      case 12:
        return this.#semi()
      case 13:
        return this.#qualified()
      case 14:
        return this.#lists()
      case 15:
        return this.#wholeOrder()
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
  #outputs(count: number, only: (kind: Kind) => boolean = () => true): string {
    const kinds = columns.map(([, kind]) => kind).filter(only)
    return Array.from({ length: count }, (_, i) => `${this.#expression(this.#pick(kinds), 2)} as o${i}`).join(', ')
  }

  #plain(): string {
    this.#tables = ['x']
    const count = 1 + this.#random(3)
    const distinct = this.#random(3) === 0 ? 'distinct ' : ''
    const isOrdered = this.#random(2) === 0
    const outputs = this.#outputs(count, isOrdered ? (kind) => kind !== 'list' : undefined)
    const text = `select ${distinct}${outputs} from ${this.#from('x')}${this.#where()}`
    if (!isOrdered) return text
    const order = Array.from(
      { length: count },
      (_, i) => `${i + 1}${this.#pick(['', ' desc', ' nulls last', ' desc nulls first'])}`,
    )
    return `${text} order by ${order.join(', ')} limit ${this.#random(9)} offset ${this.#random(4)}`
  }

  /** A common table that is named twice. */
  #common(): string {
    this.#tables = ['x']
    const kind = this.#pick<Kind>(['int', 'text', 'date', 'bool'])
    const body = this.#pick([
      () =>
        `select ${this.#expression(kind, 1)} as k, ${this.#expression(this.#kind(), 1)} as v from ${this.#from('x')}${this.#where(1)}`,
      () =>
        `select x.${columnOf(kind)} as k, count(*) as v from ${this.#from('x')}${this.#where(1)} group by x.${columnOf(kind)}`,
    ])()
    const join = this.#pick(['join', 'left join'])
    return `with q as (${body}) select p.k as o0, count(*) as o1, count(r.v) as o2 from q p ${join} q r on p.k = r.k group by p.k`
  }

  #semi(): string {
    this.#tables = ['x', 'y']
    const kind = this.#kind()
    const on = `x.${columnOf(kind)} = y.${columnOf(kind)}${this.#random(2) === 0 ? '' : ` and ${this.#bool(1)}`}`
    const from = `${this.#from('x')} ${this.#pick(['semi', 'anti'])} join ${this.#from('y')} on ${on}`
    this.#tables = ['x']
    return `select ${this.#outputs(2)} from ${from}${this.#where(1)}`
  }

  #qualified(): string {
    this.#tables = ['x']
    const key = this.#column(this.#pick(['text', 'bool', 'int']))
    const [text] = [
      `select ${key} as o0, count(*) as o1, min(${this.#expression('int', 1)}) as o2 from ${this.#from('x')}${this.#where(1)} group by all`,
    ]
    return this.#pick([
      text,
      `${text} having count(*) > 1`,
      `select x.i as o0, x.s as o1 from ${this.#from('x')}${this.#where(1)} qualify rank() over (partition by ${key} order by x.i) <= ${1 + this.#random(2)}`,
    ])
  }

  /** Functions of lists, and their elements as rows. */
  #lists(): string {
    this.#tables = ['x']
    const list = this.#expression('list', 1)
    if (this.#random(3) === 0) {
      return `select x.i as o0, u.e as o1 from ${this.#from('x')} cross join lateral (select unnest(${list}) as e) u${this.#where(1)}`
    }
    const of = this.#pick([
      `len(${list})`,
      `(${list})[${1 + this.#random(3)}]`,
      // With nulls in the list it is unknown here, false there.
      `coalesce(list_contains(${list}, ${this.#literal('int')}), false)`,
      `list_transform(list_filter(${list}, e -> e > ${this.#literal('int')}), e -> e % 7)`,
      `list_max(${list})`,
      `list_reverse(${list})`,
      `list_min(${list}) + ${this.#column('int')}`,
      `${list} = ${this.#expression('list', 1)}`,
      `list_slice(${list}, 1, ${1 + this.#random(2)})`,
    ])
    return `select x.i as o0, ${of} as o1 from ${this.#from('x')}${this.#where(1)}`
  }

  /** Window functions whose result hangs on the order of all rows, over an order by all that they give. */
  #wholeOrder(): string {
    this.#tables = ['x']
    const kind = this.#pick<Kind>(['int', 'bigint', 'decimal', 'text', 'date', 'bool', 'time'])
    const value = this.#column(kind)
    const order = `order by x.i, ${this.#pick(['x.s', 'x.s desc', 'x.s nulls last'])}, ${value}`
    const partition = this.#random(2) === 0 ? '' : `partition by ${this.#column('bool')} `
    const bound = (side: string): string =>
      this.#pick([`unbounded ${side}`, 'current row', `${this.#random(3)} ${side}`])
    const frame = `rows between ${bound('preceding')} and ${bound('following')}`
    const over = this.#pick([
      `lag(${value}, ${this.#random(3)}) over (${partition}${order})`,
      `lead(${value}) over (${partition}${order})`,
      `first_value(${value}) over (${partition}${order} ${frame})`,
      `last_value(${value}) over (${partition}${order} ${frame})`,
      `nth_value(${value}, 2) over (${partition}${order} ${frame})`,
      `min(${value}) over (${partition}${order} ${frame})`,
      `count(${value}) over (${partition}${order} ${frame})`,
      `sum(x.i) over (${partition}${order} ${frame})`,
    ])
    return `select x.i as o0, x.s as o1, ${value} as o2, ${over} as o3 from ${this.#from('x')}${this.#where(1)}`
  }

  #grouped(): string {
    this.#tables = ['x']
    const keys = Array.from({ length: this.#random(3) }, () =>
      this.#column(this.#pick(['int', 'text', 'bool', 'date', 'double', 'time', 'wide', 'list'])),
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
        if (kind === 'list') return `count(*)${filter}`
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
      case 'wide':
        return `cast('${this.#pick(['0', '-0.000001', '12345678901234567890123.5', '7.25'])}' as decimal(38,6))`
      case 'time':
        return `timestamp '${this.#pick(['2002-11-20 12:30:00', '1970-01-01 00:00:00', '2000-02-29 23:59:59'])}'`
      case 'list':
        return this.#pick(['[1, 2]', '[0, null, -1]', '[3]'])
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
    if (common === 3 && kind !== 'bool' && kind !== 'list')
      return `${this.#pick(['greatest', 'least'])}(${e(kind)}, ${e(kind)})`
    switch (kind) {
      case 'int':
        return this.#pick([
          () => `(${e('int')} ${this.#pick(['+', '-', '*'])} ${e('int')})`,
          () => `length(${e('text')})`,
          () => `(${e('int')} % ${this.#pick(['3', '-2', '7'])})`,
          () => `cast(extract(${this.#pick(['year', 'month', 'day', 'quarter'])} from ${e('date')}) as int)`,
          () => `cast(${e('bool')} as int)`,
          () => `cast((${e('date')} - ${e('date')}) as int)`,
          () =>
            `cast(extract(${this.#pick(['year', 'month', 'day', 'hour', 'minute', 'doy'])} from ${e('time')}) as int)`,
          () => `(${e('list')})[${1 + this.#random(2)}]`,
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
          () => `cast(${e(this.#pick(['int', 'bigint', 'decimal', 'wide', 'date', 'time', 'bool']))} as varchar)`,
          () => `${this.#pick(['left', 'right'])}(${e('text')}, ${this.#random(3)})`,
        ])()
      case 'bool':
        return this.#bool(depth - 1)
      case 'date':
        return this.#pick([
          () => `cast(date_trunc('${this.#pick(['month', 'year', 'week'])}', ${e('date')}) as date)`,
          () => `last_day(${e('date')})`,
          () => `cast(${e('time')} as date)`,
        ])()
      case 'wide':
        return this.#pick([
          () => `cast((${e('wide')} ${this.#pick(['+', '-'])} ${e('wide')}) as decimal(38,6))`,
          () => `cast(${e(this.#pick(['decimal', 'int', 'bigint']))} as decimal(38,6))`,
          () => `abs(${e('wide')})`,
        ])()
      case 'time':
        return this.#pick([
          () =>
            `date_trunc('${this.#pick(['month', 'year', 'week', 'day', 'hour', 'minute', 'quarter'])}', ${e('time')})`,
          () => `cast(${e('date')} as timestamp)`,
          () => `(${e('time')} ${this.#pick(['+', '-'])} interval '${this.#pick(['1 hour', '90 minutes', '2 days'])}')`,
        ])()
      case 'list':
        return this.#pick([
          () => `list_reverse(${e('list')})`,
          () => `list_transform(${e('list')}, v -> v % 5)`,
          () => `[${e('int')}, ${e('int')}]`,
        ])()
    }
  }

  #comparison(): string {
    const kind = this.#kind()
    const e = (): string => (kind === 'bool' ? `(${this.#expression(kind, 1)})` : this.#expression(kind, 1))
    // Nulls in lists come first here and last there.
    const operators = kind === 'list' ? ['=', '<>'] : ['=', '<>', '<', '<=', '>', '>=']
    return `${e()} ${this.#pick(operators)} ${e()}`
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
      () => (kind === 'list' ? `${e()} is null` : `${e()} ${this.#pick(['', 'not '])}between ${e()} and ${e()}`),
      () => `${e()} ${this.#pick(['', 'not '])}in (${e()}, ${this.#literal(kind)})`,
      () => `${e()} is ${this.#pick(['', 'not '])}distinct from ${e()}`,
      () =>
        `${this.#expression('text', 1)} ${this.#pick(['like', 'not like'])} '${this.#pick(['a%', '%b%', '_', '%', ''])}'`,
      () => `(${this.#comparison()})`,
      () => `(${this.#comparison()})`,
    ])()
  }
}
