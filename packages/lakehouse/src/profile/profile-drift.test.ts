import type { BatchColumnProfile } from './batch-profile.js'
import { driftOf, quantileDistance } from './profile-drift.js'
import type { MeasuredBatch } from './profile-pass.js'
import { frequentOf, histogramOf, orderedPoints, quantilesOf } from './sample-figures.js'

/** Reproducible: [0, 1). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

interface Facts {
  readonly numbers?: readonly number[]
  readonly texts?: readonly string[]
  readonly missing?: number
  readonly type?: string
  readonly semanticType?: BatchColumnProfile['semanticType']
}

/** A batch of one column, `c`. */
function batch({ numbers, texts, missing = 0, type = 'int', semanticType = null }: Facts): MeasuredBatch {
  const values: readonly (number | string)[] = numbers ?? texts ?? []
  const points = numbers === undefined ? null : orderedPoints(numbers, Number)
  const rows = values.length + missing
  const column: BatchColumnProfile = {
    name: 'c',
    type,
    nullCount: missing,
    completeness: values.length / rows,
    approximateDistinct: new Set(values).size,
    min: points === null ? null : String(points[0]),
    max: points === null ? null : String(points.at(-1)),
    mean: numbers === undefined ? null : numbers.reduce((a, b) => a + b, 0) / numbers.length,
    standardDeviation: null,
    minLength: null,
    maxLength: null,
    semanticType,
    topValues: frequentOf(values, values.length, String),
    quantiles: points === null ? null : quantilesOf(points),
    histogram: points === null ? null : histogramOf(points),
  }
  return { table: 't', rowCount: rows, sampledRows: rows, columns: [column] }
}
const kinds = (now: MeasuredBatch, earlier: readonly MeasuredBatch[]) => driftOf(now, earlier).map(({ kind }) => kind)

describe('driftOf', () => {
  const draw = (seed: number, count: number, of: (r: number) => number): number[] => {
    const next = random(seed)
    return Array.from({ length: count }, () => of(next()))
  }
  const uniform = (seed: number, count = 500, shift = 0) => draw(seed, count, (r) => Math.floor(r * 100) + shift)

  it('M-021: batches of the same kind have no drift, however small: 200 of them, of 5 to 500 rows', () => {
    let told = 0
    for (let seed = 1; seed <= 200; seed++) {
      const rows = 5 + ((seed * 37) % 496)
      const texts = draw(seed, rows, (r) => Math.floor(r * 3)).map((n) => ['a', 'b', 'c'][n]!)
      const before = [batch({ numbers: uniform(seed + 1000) }), batch({ numbers: uniform(seed + 2000, 50) })]
      told += driftOf(batch({ numbers: uniform(seed, rows) }), before).length
      told += driftOf(batch({ texts }), [
        batch({ texts: ['a', 'b', 'c'].flatMap((t) => Array<string>(100).fill(t)) }),
      ]).length
    }
    expect(told).toBeLessThanOrEqual(2)
  })
  it('M-021: a distribution that moved is told, also when its range did not', () => {
    const before = [batch({ numbers: uniform(1) }), batch({ numbers: uniform(2) })]
    expect(kinds(batch({ numbers: uniform(3, 500, 30) }), before)).toEqual(['distribution'])
    expect(kinds(batch({ numbers: draw(4, 500, (r) => Math.floor(r ** 3 * 100)) }), before)).toEqual(['distribution'])
  })
  it('M-021: what earlier batches did among themselves is not told again: a week with its weekend', () => {
    const weekdays = [1, 2, 3].map((seed) => batch({ numbers: uniform(seed) }))
    const weekend = (seed: number) => batch({ numbers: uniform(seed, 500, 60) })
    expect(kinds(weekend(9), weekdays)).toEqual(['distribution'])
    expect(kinds(weekend(9), [...weekdays, weekend(8), ...weekdays])).toEqual([])
  })
  it('M-021: keys and days that go on are no drift', () => {
    const ids = (from: number) => batch({ numbers: Array.from({ length: 100 }, (_, i) => from + i) })
    expect(kinds(ids(100), [ids(0)])).toEqual([])
    expect(kinds(ids(300), [ids(200), ids(100), ids(0)])).toEqual([])
    const days = (from: number) =>
      batch({ type: 'date', numbers: Array.from({ length: 100 }, (_, i) => from + (i % 7)) })
    expect(kinds(days(7), [days(0)])).toEqual([])
  })
  it.each<[string, Facts, Facts]>([
    ['missing_values', { numbers: uniform(1, 100) }, { numbers: uniform(2, 100), missing: 50 }],
    [
      'frequent_values',
      { texts: Array<string>(60).fill('a') },
      { texts: [...Array<string>(30).fill('a'), ...Array<string>(30).fill('z')] },
    ],
    ['type_changed', { numbers: uniform(1), type: 'int' }, { numbers: uniform(2), type: 'bigint' }],
    [
      'semantic_type',
      { texts: Array.from({ length: 50 }, (_, i) => `${i}@x.example`), semanticType: 'email' },
      { texts: Array.from({ length: 50 }, (_, i) => `number ${i}`) },
    ],
    [
      'uniqueness',
      { texts: Array.from({ length: 90 }, (_, i) => `a${i}`) },
      { texts: Array.from({ length: 90 }, (_, i) => `b${i >> 1}`) },
    ],
  ])('M-021: tells %s', (kind, before, now) => {
    expect(kinds(batch(now), [batch(before)])).toEqual([kind])
  })
  it('M-021: tells columns that came and went, and far more or fewer rows than usual', () => {
    const rename = ({ columns, ...rest }: MeasuredBatch, name: string): MeasuredBatch => ({
      ...rest,
      columns: columns.map((column) => ({ ...column, name })),
    })
    const usual = batch({ numbers: uniform(1) })
    expect(kinds(rename(batch({ numbers: uniform(2) }), 'd'), [usual])).toEqual(['column_added', 'column_removed'])
    expect(kinds(batch({ numbers: uniform(2, 100) }), [usual, usual])).toEqual([])
    expect(kinds(batch({ numbers: uniform(2, 100) }), [usual, usual, usual])).toEqual(['row_count'])
  })
  it('quantileDistance is 0 of the same, nearly 1 of what does not overlap', () => {
    const [low, high] = [
      quantilesOf(orderedPoints(uniform(1), Number))!,
      quantilesOf(orderedPoints(uniform(1, 500, 1000), Number))!,
    ]
    expect(quantileDistance(low, low)).toBe(0)
    expect(quantileDistance(low, high)).toBeGreaterThan(0.9)
  })
})
