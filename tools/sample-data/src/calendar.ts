/*
 * The shop's calendar. Its fiscal year begins on the Sunday nearest to February 1st and has twelve months of four, five and four
 * weeks a quarter; a year of 53 weeks has the extra one in January.
 */

export const calendarHeader = [
  'CALENDAR_DATE',
  'WEEKDAY_NUMBER',
  'WEEKDAY_NAME',
  'FISCAL_WEEK_OF_MONTH',
  'FISCAL_WEEK_OF_YEAR',
  'FISCAL_MONTH_NUMBER',
  'FISCAL_MONTH_NAME',
  'FISCAL_FIRST_DAY_OF_WEEK',
  'FISCAL_LAST_DAY_OF_WEEK',
  'FISCAL_FIRST_DAY_OF_MONTH',
  'FISCAL_LAST_DAY_OF_MONTH',
  'FISCAL_DAY_OF_MONTH',
  'FISCAL_QUARTER',
  'FISCAL_YEAR',
  'FISCAL_YEAR_WEEK',
  'FISCAL_YEAR_MONTH',
  'FISCAL_YEAR_QUARTER',
  'CALENDAR_WEEK_OF_MONTH',
  'CALENDAR_WEEK_OF_YEAR',
  'CALENDAR_FIRST_DAY_OF_MONTH',
  'CALENDAR_LAST_DAY_OF_MONTH',
  'CALENDAR_FIRST_DAY_OF_YEAR',
  'CALENDAR_LAST_DAY_OF_YEAR',
  'WEEKEND',
] as const

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const fiscalMonths = ['Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec', 'Jan']
const weeksOfQuarter = [4, 5, 4]

/** Days are counted from 1970-01-01, a Thursday. */
const dayMs = 86_400_000
const dayOf = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / dayMs
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7
const two = (n: number): string => (n < 10 ? `0${n}` : String(n))

/** First day of a fiscal year. */
export function fiscalYearStart(year: number): number {
  const february = dayOf(year, 2, 1)
  const weekday = weekdayOf(february)
  return weekday <= 3 ? february - weekday : february + 7 - weekday
}

/** Lines of de_dates.csv, without line ends, for the days of whole fiscal years. */
export function* calendarLines(firstYear: number, lastYear: number): Generator<string, void, undefined> {
  for (let year = firstYear; year <= lastYear; year++) {
    const start = fiscalYearStart(year)
    const weeks = (fiscalYearStart(year + 1) - start) / 7
    const days = describeDays(start, weeks * 7)
    let week = 0
    for (let month = 0; month < 12; month++) {
      const length = weeksOfQuarter[month % 3]! + (month === 11 ? weeks - 52 : 0)
      const first = 7 * week
      const monthText = `${days[first]!.iso},${days[first + 7 * length - 1]!.iso}`
      const quarter = Math.floor(month / 3) + 1
      for (let weekOfMonth = 1; weekOfMonth <= length; weekOfMonth++, week++) {
        const sunday = 7 * week
        const before = `${weekOfMonth},${week + 1},${month + 1},${fiscalMonths[month]!},${days[sunday]!.iso},${days[sunday + 6]!.iso},${monthText}`
        const after = `${quarter},${year},${year}${two(week + 1)},${year}${two(month + 1)},${year}${quarter}`
        for (let i = 0; i < 7; i++) {
          const { iso, calendar } = days[sunday + i]!
          yield `${iso},${i + 1},${weekdays[i]!},${before},${sunday + i - first + 1},${after},${calendar},${i === 0 || i === 6}`
        }
      }
    }
  }
}

interface DayTexts {
  readonly iso: string
  /** The columns from CALENDAR_WEEK_OF_MONTH to CALENDAR_LAST_DAY_OF_YEAR. */
  readonly calendar: string
}

/** `count` days from a Sunday on, in one walk: a Date a day would take most of the time. */
function describeDays(start: number, count: number): DayTexts[] {
  const days: DayTexts[] = []
  const date = new Date(start * dayMs)
  let [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
  let isoWeek = isoWeekOf(start)
  let prefix = ''
  let tail = ''
  for (let i = 0; i < count; i++) {
    if (i % 7 === 1) isoWeek = isoWeekOf(start + i)
    const last = daysIn(year, month)
    if (prefix === '' || day === 1) {
      prefix = `${year}-${two(month)}`
      tail = `${prefix}-01,${prefix}-${last},${year}-01-01,${year}-12-31`
    }
    // Weeks of a calendar month begin on the 5th, 12th, 19th and 26th.
    days.push({ iso: `${prefix}-${two(day)}`, calendar: `${Math.floor((day + 2) / 7) + 1},${isoWeek},${tail}` })
    if (++day > last) {
      day = 1
      if (++month > 12) [month, year] = [1, year + 1]
    }
  }
  return days
}

const daysIn = (year: number, month: number): number =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : month === 4 || month === 6 || month === 9 || month === 11
      ? 30
      : 31

/** ISO 8601 week: that of the year to which the week's Thursday belongs. */
function isoWeekOf(day: number): number {
  const thursday = day - ((weekdayOf(day) + 6) % 7) + 3
  const year = new Date(thursday * dayMs).getUTCFullYear()
  return 1 + Math.floor((thursday - dayOf(year, 1, 1)) / 7)
}
