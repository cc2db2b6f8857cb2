import { bindAggregate, col, interpretAggregate, type BoundAggregate } from '@deltaworks/expression'
import {
  boolean,
  date,
  decimal,
  float64,
  int64,
  isDeltaworksError,
  string,
  timestamp,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import fc from 'fast-check'
import { Accumulators } from './accumulators.js'
import { Arena, unlimited } from './arena.js'
import { createContext } from './context.js'
import { columnIn, forms, nullable, valuesOf, type Form } from './testing/columns.js'

/** Aggregates against the interpreter's, in one phase and in two, with and without DISTINCT and FILTER. */

const context = createContext()
const { heap } = context
const groups = 4

interface Row {
  readonly group: number
  readonly chosen: boolean
  readonly args: readonly Value[]
}

const bound = (name: string, types: readonly DataType[], distinct: boolean): BoundAggregate => {
  const fields = types.map((type, i) => ({ name: `a${i}`, type, nullable: true }))
  const args = fields.map((f) => col(f.name).node)
  return bindAggregate({ kind: 'aggregate', name, args, distinct, filter: null }, { fields })
}

/** Feeds rows in batches of up to 7. */
function feed(
  accumulators: Accumulators,
  aggregate: BoundAggregate,
  rows: readonly Row[],
  form: Form,
  filtered: boolean,
) {
  const arena = new Arena(heap)
  for (let start = 0; start < rows.length; start += 7) {
    arena.reset()
    const part = rows.slice(start, start + 7)
    const ids = arena.allocate(part.length * 4)
    const args = aggregate.args.map(({ type }, i) =>
      columnIn(
        arena,
        type,
        part.map((row) => row.args[i]!),
        form,
      ),
    )
    const filter = filtered
      ? columnIn(
          arena,
          boolean,
          part.map((row) => row.chosen),
          form,
        )
      : null
    part.forEach((row, i) => (heap.i32[(ids >>> 2) + i] = row.group))
    accumulators.update(ids, [args], [filter], part.length, groups)
  }
  arena.close()
}

function compute(
  aggregate: BoundAggregate,
  rows: readonly Row[],
  { form, filtered, twoPhase }: { form: Form; filtered: boolean; twoPhase: boolean },
): Value[] {
  const { name, args, type, distinct } = aggregate
  const spec = { name, argTypes: args.map((arg) => arg.type), type, distinct }
  const arena = new Arena(heap)
  const total = new Accumulators(context, unlimited, [spec])
  if (twoPhase) {
    const half = rows.length >> 1
    for (const part of [rows.slice(0, half), rows.slice(half)]) {
      const states = new Accumulators(context, unlimited, [spec])
      feed(states, aggregate, part, form, filtered)
      const ids = arena.allocate(groups * 4)
      for (let g = 0; g < groups; g++) heap.i32[(ids >>> 2) + g] = g
      total.mergePartial(ids, states.partial(arena, groups), groups, groups)
      states.close()
    }
  } else feed(total, aggregate, rows, form, filtered)
  const [column] = total.finish(arena, groups)
  const result = valuesOf(arena, column!)
  total.close()
  arena.close()
  return result
}

/** Doubles within rounding of each other. */
function expectClose(actual: Value, expected: Value): void {
  if (typeof actual !== 'number' || typeof expected !== 'number' || !Number.isFinite(expected)) {
    expect(actual).toEqual(expected)
    return
  }
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)))
}

const small = fc.option(fc.double({ min: -1000, max: 1000, noNaN: true }), { nil: null, freq: 6 })
/** Of these the interpreter's means are exact: it then sees, too, what is constant. */
const quarters = fc.option(
  fc.integer({ min: -4000, max: 4000 }).map((n) => n / 4),
  { nil: null, freq: 6 },
)
const valuesFor = (name: string, type: DataType): fc.Arbitrary<Value> =>
  name === 'corr'
    ? quarters
    : type.kind === 'float64' && name !== 'min' && name !== 'max' && name !== 'count'
      ? small
      : nullable(type)

const cases: readonly (readonly [string, readonly DataType[]])[] = [
  ['count', []],
  ['count', [string]],
  ['count', [int64, string]],
  ['count_if', [boolean]],
  ['sum', [int64]],
  ['sum', [decimal(12, 2)]],
  ['sum', [decimal(28, 4)]],
  ['sum', [float64]],
  ['avg', [decimal(12, 2)]],
  ['avg', [decimal(34, 6)]],
  ['avg', [float64]],
  ...[int64, date, timestamp, float64, string, boolean, decimal(12, 2), decimal(38, 2)].flatMap((type) => [
    ['min', [type]] as const,
    ['max', [type]] as const,
    ['first', [type]] as const,
    ['any_value', [type]] as const,
  ]),
  ['first', [string, boolean]],
  ['last', [int64, boolean]],
  ['last', [string]],
  ['stddev', [float64]],
  ['stddev_pop', [float64]],
  ['variance', [float64]],
  ['var_pop', [float64]],
  ['corr', [float64, float64]],
  ['covar_samp', [float64, float64]],
  ['covar_pop', [float64, float64]],
  ['bool_and', [boolean]],
  ['bool_or', [boolean]],
  ['collect_list', [string]],
  ['collect_set', [int64]],
  ['string_agg', [string]],
  ['median', [float64]],
  ['percentile', [float64, float64]],
]

/** The second argument of some is the same in all rows. */
const constants: Readonly<Record<string, Value>> = { first: true, last: true, percentile: 0.3 }

describe('Accumulators', () => {
  it.each(cases.map(([name, types]) => [`${name}(${types.map(({ kind }) => kind).join(', ')})`, name, types] as const))(
    'E-12: %s is the interpreter’s',
    (_, name, types) => {
      const rows = fc.array(
        fc.record({
          group: fc.nat(groups - 1),
          chosen: fc.boolean(),
          args: fc.tuple(...types.map((type) => valuesFor(name, type))),
        }),
        { maxLength: 40 },
      ) as fc.Arbitrary<Row[]>
      const how = fc.record({ form: forms, filtered: fc.boolean(), twoPhase: fc.boolean() })
      fc.assert(
        fc.property(rows, how, fc.boolean(), (given, options, distinct) => {
          const aggregate = bound(name, types, distinct && types.length > 0 && name !== 'first' && name !== 'last')
          const constant = types.length > 1 ? constants[name] : undefined
          const used = given.map((row) => (constant === undefined ? row : { ...row, args: [row.args[0]!, constant] }))
          const chosen = used.filter((row) => !options.filtered || row.chosen)
          const expected: (Value | Error)[] = Array.from({ length: groups }, (_group, g) => {
            const own = chosen.filter((row) => row.group === g).map((row) => row.args)
            try {
              return interpretAggregate(aggregate, own)
            } catch (error) {
              return error as Error
            }
          })
          if (expected.some((e) => e instanceof Error)) {
            expect(() => compute(aggregate, used, options)).toThrow()
            return
          }
          compute(aggregate, used, options).forEach((value, g) => expectClose(value, expected[g] as Value))
        }),
        { numRuns: 80 },
      )
    },
  )
  it('E-12: a sum out of range is a typed error', () => {
    const rows = [2n ** 63n - 1n, 1n].map((value) => ({ group: 0, chosen: true, args: [value] }))
    for (const twoPhase of [false, true]) {
      try {
        compute(bound('sum', [int64], false), rows, { form: 'plain', filtered: false, twoPhase })
        throw new RangeError('no error')
      } catch (error) {
        expect(isDeltaworksError(error) && error.code).toBe('DW-COLUMNAR-0003')
      }
    }
  })
  it('E-12: percentiles of the same values share them, over batches, groups and two phases', () => {
    const specs = [0.1, 0.5, 0.9].map(() => ({
      name: 'percentile',
      argTypes: [float64, float64],
      type: float64,
      distinct: false,
      input: 'x',
    }))
    const arena = new Arena(heap)
    const fractions = [0.1, 0.5, 0.9]
    const part = (from: number): Accumulators => {
      const accumulators = new Accumulators(context, unlimited, specs)
      for (const start of [from, from + 50]) {
        const values = Array.from({ length: 50 }, (_, i) => (i === 7 ? null : ((start + i) * 37) % 100))
        const column = columnIn(arena, float64, values, 'plain')
        const args = fractions.map((of) => [column, columnIn(arena, float64, new Array<Value>(50).fill(of), 'plain')])
        accumulators.update(0, args, [null, null, null], 50, 1)
      }
      return accumulators
    }
    const total = part(0)
    expect(total.partialTypes.map(({ kind }) => kind)).toEqual(['list', 'float64', 'float64', 'float64'])
    const other = part(100)
    total.mergePartial(0, other.partial(arena, 1), 1, 1)
    const all = Array.from({ length: 200 }, (_, i) => (i % 50 === 7 ? null : (i * 37) % 100))
    const known = all.filter((value) => value !== null).sort((a, b) => a - b)
    const found = total.finish(arena, 1).map((column) => valuesOf(arena, column)[0])
    fractions.forEach((of, i) => {
      const position = (known.length - 1) * of
      const [low, high] = [known[Math.floor(position)]!, known[Math.floor(position) + 1]!]
      expect(found[i]).toBeCloseTo(low + (high - low) * (position - Math.floor(position)), 12)
    })
    for (const accumulators of [total, other]) accumulators.close()
    arena.close()
  })
  it('sums beyond the range on the way, exactly', () => {
    const rows = [2n ** 63n - 1n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n), 5n].map((value) => ({
      group: 1,
      chosen: true,
      args: [value],
    }))
    const result = compute(bound('sum', [int64], false), rows, { form: 'plain', filtered: false, twoPhase: true })
    expect(result).toEqual([null, 3n, null, null])
  })
  it('approx_count_distinct is within three standard errors', () => {
    const arena = new Arena(heap)
    for (const distinct of [10, 1000, 50_000]) {
      const accumulators = new Accumulators(context, unlimited, [
        { name: 'approx_count_distinct', argTypes: [string], type: int64, distinct: false },
      ])
      for (let start = 0; start < distinct * 2; start += 10_000) {
        arena.reset()
        const count = Math.min(10_000, distinct * 2 - start)
        const texts = Array.from({ length: count }, (_, i) => `value ${(start + i) % distinct}`)
        accumulators.update(0, [[columnIn(arena, string, texts, 'plain')]], [null], count, 1)
      }
      const [column] = accumulators.finish(arena, 1)
      const [estimate] = valuesOf(arena, column!)
      expect(Math.abs(Number(estimate) - distinct) / distinct).toBeLessThan(0.05)
      accumulators.close()
    }
    arena.close()
  })
})
