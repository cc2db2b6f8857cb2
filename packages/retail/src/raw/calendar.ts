import { boolean, csvFiles, date, defineTable, integer, string } from '@deltaworks/lakehouse/definitions'
import { calendarRules } from '../quality/calendar-rules.js'

/** The fiscal calendar, all 24 columns: a 4-4-5 year that starts on the Sunday nearest to the end of January. */
export const calendar = defineTable({
  name: 'calendar',
  layer: 'raw',
  description: 'One row a day with its fiscal and calendar attributes, as landed.',
  columns: {
    calendar_date: date().from('CALENDAR_DATE'),
    weekday_number: integer().from('WEEKDAY_NUMBER'),
    weekday_name: string().from('WEEKDAY_NAME'),
    fiscal_week_of_month: integer().from('FISCAL_WEEK_OF_MONTH'),
    fiscal_week_of_year: integer().from('FISCAL_WEEK_OF_YEAR'),
    fiscal_month_number: integer().from('FISCAL_MONTH_NUMBER'),
    fiscal_month_name: string().from('FISCAL_MONTH_NAME'),
    fiscal_first_day_of_week: date().from('FISCAL_FIRST_DAY_OF_WEEK'),
    fiscal_last_day_of_week: date().from('FISCAL_LAST_DAY_OF_WEEK'),
    fiscal_first_day_of_month: date().from('FISCAL_FIRST_DAY_OF_MONTH'),
    fiscal_last_day_of_month: date().from('FISCAL_LAST_DAY_OF_MONTH'),
    fiscal_day_of_month: integer().from('FISCAL_DAY_OF_MONTH'),
    fiscal_quarter: integer().from('FISCAL_QUARTER'),
    fiscal_year: integer().from('FISCAL_YEAR'),
    fiscal_year_week: integer().from('FISCAL_YEAR_WEEK'),
    fiscal_year_month: integer().from('FISCAL_YEAR_MONTH'),
    fiscal_year_quarter: integer().from('FISCAL_YEAR_QUARTER'),
    calendar_week_of_month: integer().from('CALENDAR_WEEK_OF_MONTH'),
    calendar_week_of_year: integer().from('CALENDAR_WEEK_OF_YEAR'),
    calendar_first_day_of_month: date().from('CALENDAR_FIRST_DAY_OF_MONTH'),
    calendar_last_day_of_month: date().from('CALENDAR_LAST_DAY_OF_MONTH'),
    calendar_first_day_of_year: date().from('CALENDAR_FIRST_DAY_OF_YEAR'),
    calendar_last_day_of_year: date().from('CALENDAR_LAST_DAY_OF_YEAR'),
    weekend: boolean().from('WEEKEND'),
  },
  partitionBy: ['ingestion_date'],
  source: csvFiles('**de_dates*.csv'),
  quality: calendarRules,
  warehouse: false,
})
