import { date, decimal, float32, int64, string, timestamp } from '@deltaworks/schema'
import { formatStatistics, type LeafStatistics } from './statistics-json.js'
import { parseStatistics } from './statistics.js'

const leaf = (overrides: Partial<LeafStatistics>): LeafStatistics => ({
  path: ['a'],
  type: string,
  min: null,
  max: null,
  nullCount: 0,
  ...overrides,
})

describe('file statistics', () => {
  it('D-35: keeps every digit of longs and decimals', () => {
    const stats = parseStatistics(
      '{"numRecords":2,"minValues":{"l":9007199254740993,"d":12345678901234567890.12},"maxValues":{"l":9223372036854775807,"d":12345678901234567890.13},"nullCount":{"l":0,"d":1}}',
    )!
    expect(stats.column(['l'], int64)).toEqual({ min: 9007199254740993n, max: 9223372036854775807n, nullCount: 0 })
    expect(stats.column(['d'], decimal(22, 2))).toEqual({
      min: 1234567890123456789012n,
      max: 1234567890123456789013n,
      nullCount: 1,
    })
  })

  it('D-35: round-trips what it writes', () => {
    const text = formatStatistics(3, [
      leaf({ path: ['s', 'x'], type: int64, min: -5n, max: 7n }),
      leaf({ path: ['d'], type: date, min: 0, max: 18262, nullCount: 2 }),
      leaf({ path: ['f'], type: float32, min: Math.fround(1.1), max: Math.fround(2.2) }),
      leaf({ path: ['n'], type: float32, min: NaN, max: NaN }),
    ])
    const stats = parseStatistics(text)!
    expect(stats.rowCount).toBe(3)
    expect(stats.column(['s', 'x'], int64)).toEqual({ min: -5n, max: 7n, nullCount: 0 })
    expect(stats.column(['d'], date)).toEqual({ min: 0, max: 18262, nullCount: 2 })
    expect(stats.column(['f'], float32)).toEqual({ min: Math.fround(1.1), max: Math.fround(2.2), nullCount: 0 })
    expect(stats.column(['n'], float32)).toEqual({ min: null, max: null, nullCount: 0 })
    expect(stats.column(['zzz'], int64)).toBeNull()
  })

  it('D-35: cuts strings off at 32 characters on the safe side', () => {
    const long = 'x'.repeat(40)
    const bounds = JSON.parse(formatStatistics(1, [leaf({ min: long, max: long })])) as {
      minValues: { a: string }
      maxValues: { a: string }
    }
    expect(bounds.minValues.a).toBe('x'.repeat(32))
    expect(bounds.maxValues.a).toBe(`${'x'.repeat(32)}\x7f`)
    const wide = formatStatistics(1, [leaf({ min: 'é'.repeat(40), max: 'é'.repeat(40) })])
    expect(JSON.parse(wide)).toMatchObject({ maxValues: { a: `${'é'.repeat(32)}\u{10ffff}` } })
    const back = parseStatistics(wide)!.column(['a'], string)!
    expect((back.max as string) > 'é'.repeat(40)).toBe(true)
  })

  it('D-35: allows for timestamps that were cut down to milliseconds', () => {
    const stats = parseStatistics('{"numRecords":1,"maxValues":{"t":"2020-01-01T00:00:00.123Z"},"nullCount":{"t":0}}')!
    expect(stats.column(['t'], timestamp)!.max).toBe(1577836800123999n)
    const ours = parseStatistics(
      formatStatistics(1, [leaf({ type: timestamp, min: 1577836800123456n, max: 1577836800123456n })]),
    )!.column(['a'], timestamp)!
    expect(ours.min).toBe(1577836800123000n)
    expect((ours.max as bigint) >= 1577836800123456n).toBe(true)
  })

  it('ignores what it cannot understand', () => {
    expect(parseStatistics('{"numRecords":')).toBeNull()
    expect(parseStatistics('[]')).toBeNull()
    expect(parseStatistics('{"numRecords":"x"}')!.rowCount).toBeNull()
  })

  it('D-45: wide bounds keep null counts only where they mean something', () => {
    const stats = parseStatistics('{"numRecords":4,"tightBounds":false,"nullCount":{"a":2,"b":4,"c":0}}')!
    expect(stats.column(['a'], string)).toBeNull()
    expect(stats.column(['b'], string)!.nullCount).toBe(4)
    expect(stats.column(['c'], string)!.nullCount).toBe(0)
  })
})
