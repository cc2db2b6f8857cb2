import { fn, lit } from '@deltaworks/expression'
import {
  boolean,
  date,
  defineTable,
  integer,
  string,
  timestamp,
  type BuildContext,
} from '@deltaworks/lakehouse/definitions'
import type { RetailConfiguration } from '../configuration.js'
import { calendar } from '../raw/calendar.js'
import { transactions } from '../raw/transactions.js'

const fiscal = [
  'fiscal_year',
  'fiscal_quarter',
  'fiscal_month_number',
  'fiscal_month_name',
  'fiscal_week_of_year',
  'fiscal_week_of_month',
  'fiscal_day_of_month',
  'fiscal_year_quarter',
  'fiscal_year_month',
  'fiscal_year_week',
] as const

/**
 * Days with calendar and fiscal attributes; `dim_calendar` is another name of it. Days on which something was ordered but
 * which the fiscal calendar does not reach are in it too, without fiscal attributes.
 */
export const dimDate = defineTable({
  name: 'dim_date',
  layer: 'processed',
  description: 'Days: calendar and fiscal attributes.',
  aliases: ['dim_calendar'],
  columns: {
    date_key: date().primaryKey(),
    date: date().notNull(),
    week_number: integer().describe('ISO week of the year'),
    month_number: integer(),
    quarter_number: integer(),
    year_number: integer(),
    day_of_week: integer().describe('1 = Sunday … 7 = Saturday'),
    day_of_year: integer(),
    week_of_year: integer().describe('week of the year that the landing calendar gives; ISO week beyond it'),
    is_weekend: boolean(),
    fiscal_year: integer(),
    fiscal_quarter: integer(),
    fiscal_month_number: integer(),
    fiscal_month_name: string(),
    fiscal_week_of_year: integer(),
    fiscal_week_of_month: integer(),
    fiscal_day_of_month: integer(),
    fiscal_year_quarter: integer(),
    fiscal_year_month: integer(),
    fiscal_year_week: integer(),
    created_date: timestamp().notNull(),
    updated_date: timestamp().notNull(),
  },
  from: { calendar, transactions },
  build: (inputs, { nowMicros }: BuildContext<RetailConfiguration>) => {
    const now = lit(nowMicros, { kind: 'timestamp' })
    const landed = inputs.calendar
      .filter((c) => c.calendar_date.isNotNull())
      .select('calendar_date', 'calendar_week_of_year', ...fiscal)
      .rename({ calendar_date: 'date_key', calendar_week_of_year: 'landed_week' })
    const beyond = inputs.transactions
      .filter((c) => c.order_date.isNotNull())
      .select('order_date')
      .rename({ order_date: 'date_key' })
      .distinct()
      .join(landed.select('date_key'), ['date_key'], 'left_anti')
    const days = landed.unionByName(beyond, { allowMissing: true })
    const day = days.col('date_key')
    return days
      .select(
        day,
        day.as('date'),
        fn.week(day).as('week_number'),
        fn.month(day).as('month_number'),
        fn.quarter(day).as('quarter_number'),
        fn.year(day).as('year_number'),
        fn.dayofweek(day).as('day_of_week'),
        fn.dayofyear(day).as('day_of_year'),
        fn.coalesce(days.col('landed_week'), fn.week(day)).as('week_of_year'),
        fn.dayofweek(day).in_([1, 7]).as('is_weekend'),
        ...fiscal,
      )
      .withColumns({ created_date: now, updated_date: now })
  },
  warehouse: { sortKey: ['date_key'] },
})
