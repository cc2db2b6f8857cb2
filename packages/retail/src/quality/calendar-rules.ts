import { hasCompleteness, isPrimaryKey, type Rule } from '@deltaworks/quality'

/** Every day once, with its fiscal place. */
export const calendarRules = (): readonly Rule[] => [
  isPrimaryKey('calendar_date').critical(),
  hasCompleteness('fiscal_year', 1),
  hasCompleteness('fiscal_week_of_year', 1),
]
