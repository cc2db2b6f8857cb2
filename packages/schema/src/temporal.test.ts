import fc from 'fast-check'
import {
  civilFromDays,
  daysFromCivil,
  daysInMonth,
  formatDate,
  formatTimestamp,
  isLeapYear,
  microsPerDay,
  tryParseDate,
  tryParseTimestamp,
} from './temporal.js'

const firstDay = daysFromCivil(1, 1, 1)
const lastDay = daysFromCivil(9999, 12, 31)

describe('dates', () => {
  it('days and civil dates are the same after a round trip, as JavaScript has them', () => {
    fc.assert(
      fc.property(fc.integer({ min: firstDay, max: lastDay }), (days) => {
        const { year, month, day } = civilFromDays(days)
        expect(daysFromCivil(year, month, day)).toBe(days)
        const twin = new Date(days * 86_400_000)
        expect([year, month, day]).toEqual([twin.getUTCFullYear(), twin.getUTCMonth() + 1, twin.getUTCDate()])
        expect(tryParseDate(formatDate(days))).toBe(days)
      }),
    )
  })

  it('leap years and month lengths', () => {
    expect([1900, 2000, 2023, 2024].map(isLeapYear)).toEqual([false, true, false, true])
    expect([daysInMonth(2024, 2), daysInMonth(2023, 2), daysInMonth(2023, 4), daysInMonth(2023, 12)]).toEqual([
      29, 28, 30, 31,
    ])
  })

  it.each(['2023-02-29', '2023-13-01', '2023-00-10', 'today', '23-01-01', '2023/01/01'])('%s is no date', (text) => {
    expect(tryParseDate(text)).toBeNull()
  })
})

describe('timestamps', () => {
  it('text and value are the same after a round trip', () => {
    const micros = fc.bigInt({ min: BigInt(firstDay) * microsPerDay, max: BigInt(lastDay) * microsPerDay })
    fc.assert(
      fc.property(micros, (value) => {
        expect(tryParseTimestamp(formatTimestamp(value))?.localMicros).toBe(value)
        expect(tryParseTimestamp(`${formatTimestamp(value, 'T', 6)}Z`)).toEqual({
          localMicros: value,
          offsetMinutes: 0,
        })
      }),
    )
  })

  it.each([
    ['2024-03-01 10:20:30.5', 'none', null],
    ['2024-03-01T10:20Z', 'UTC', 0],
    ['2024-03-01T10:20:30+02:00', 'east', 120],
    ['2024-03-01T10:20:30-0530', 'west', -330],
  ] as const)('%s has the zone: %s', (text, _, offset) => {
    expect(tryParseTimestamp(text)?.offsetMinutes).toBe(offset)
  })

  it.each(['2024-03-01 24:00', '2024-03-01 10:60', '2024-02-30', 'now', ''])('%s is no timestamp', (text) => {
    expect(tryParseTimestamp(text)).toBeNull()
  })

  it('shows fractions without trailing zeros, or all six digits', () => {
    expect(formatTimestamp(1_500_000n)).toBe('1970-01-01 00:00:01.5')
    expect(formatTimestamp(-1n, 'T', 6)).toBe('1969-12-31T23:59:59.999999')
    expect(formatTimestamp(0n)).toBe('1970-01-01 00:00:00')
  })
})
