/*
 * The shop's calendar. Its fiscal year begins on the Sunday nearest to February 1st and has twelve months of four, five and four
 * weeks a quarter; a year of 53 weeks has the extra one in January.
 */

export const calendarHeader = [
  'CALENDAR_DATE', 'WEEKDAY_NUMBER', 'WEEKDAY_NAME', 'FISCAL_WEEK_OF_MONTH', 'FISCAL_WEEK_OF_YEAR', 'FISCAL_MONTH_NUMBER', 'FISCAL_MONTH_NAME',
  'FISCAL_FIRST_DAY_OF_WEEK', 'FISCAL_LAST_DAY_OF_WEEK', 'FISCAL_FIRST_DAY_OF_MONTH', 'FISCAL_LAST_DAY_OF_MONTH', 'FISCAL_DAY_OF_MONTH',
  'FISCAL_QUARTER', 'FISCAL_YEAR', 'FISCAL_YEAR_WEEK', 'FISCAL_YEAR_MONTH', 'FISCAL_YEAR_QUARTER', 'CALENDAR_WEEK_OF_MONTH', 'CALENDAR_WEEK_OF_YEAR',
  'CALENDAR_FIRST_DAY_OF_MONTH', 'CALENDAR_LAST_DAY_OF_MONTH', 'CALENDAR_FIRST_DAY_OF_YEAR', 'CALENDAR_LAST_DAY_OF_YEAR', 'WEEKEND',
] as const

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const fiscalMonths = ['Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec', 'Jan']
const weeksOfQuarter = [4, 5, 4]

/** Days are counted from 1970-01-01, a Thursday. */
const dayMs = 86_400_000
const dayOf = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / dayMs
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7
const two = (n: number): string => (n < 10 ? `0${n}` : String(n))
const isoDate = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)

/** First day of a fiscal year. */
export function fiscalYearStart(year: number): number {
  const february = dayOf(year, 2, 1)
  const weekday = weekdayOf(february)
  return weekday <= 3 ? february - weekday : february + 7 - weekday
}

/** ISO 8601 week: that of the year to which the week's Thursday belongs. */
function isoWeek(day: number): number {
  const thursday = day - ((weekdayOf(day) + 6) % 7) + 3
  const year = new Date(thursday * dayMs).getUTCFullYear()
  return 1 + Math.floor((thursday - dayOf(year, 1, 1)) / 7)
}

/** Lines of de_dates.csv, without line ends, for the days of whole fiscal years. */
export function* calendarLines(firstYear: number, lastYear: number): Generator<string, void, undefined> {
  for (let year = firstYear; year <= lastYear; year++) {
    const start = fiscalYearStart(year)
    const weeks = (fiscalYearStart(year + 1) - start) / 7
    let week = 0
    for (let month = 0; month < 12; month++) {
      const length = weeksOfQuarter[month % 3]! + (month === 11 ? weeks - 52 : 0)
      const first = start + 7 * week
      const monthText = `${isoDate(first)},${isoDate(first + 7 * length - 1)}`
      const quarter = Math.floor(month / 3) + 1
      for (let weekOfMonth = 1; weekOfMonth <= length; weekOfMonth++, week++) {
        const sunday = start + 7 * week
        const before = `${weekOfMonth},${week + 1},${month + 1},${fiscalMonths[month]!},${isoDate(sunday)},${isoDate(sunday + 6)},${monthText}`
        const after = `${quarter},${year},${year}${two(week + 1)},${year}${two(month + 1)},${year}${quarter}`
        for (let day = sunday; day < sunday + 7; day++) {
          yield `${isoDate(day)},${day - sunday + 1},${weekdays[day - sunday]!},${before},${day - first + 1},${after},${calendarPart(day)},${day === sunday || day === sunday + 6}`
        }
      }
    }
  }
}

function calendarPart(day: number): string {
  const date = new Date(day * dayMs)
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth() + 1
  const dayOfMonth = date.getUTCDate()
  // Weeks of a calendar month begin on the 5th, 12th, 19th and 26th.
  const weekOfMonth = Math.floor((dayOfMonth + 2) / 7) + 1
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const prefix = `${year}-${two(month)}`
  return `${weekOfMonth},${isoWeek(day)},${prefix}-01,${prefix}-${last},${year}-01-01,${year}-12-31`
}
