import type { DistributionValue } from '../analysis/metric.js'
import { type Check } from '../checks/check.js'
import type { DetailedProfile } from './column-profile.js'
import { confidenceInterval, type IntervalStrategy } from './confidence-interval.js'

export interface Candidate {
  /** What the data says now: `Completeness: 0.93`. */
  readonly currentValue: string
  readonly description: string
  /** Adds the constraint to a check. */
  readonly add: (check: Check) => Check
  /** `.isComplete('a')` of our `Check`; one rule of DQDL; `.isComplete("a")` of Deequ's. */
  readonly typescript: string
  readonly dqdl: string
  readonly deequ: string
}

export interface SuggestionContext {
  readonly rowCount: number
  readonly interval: IntervalStrategy
}

/** A rule of Deequ's: what it suggests for a column, or null. */
export interface SuggestionRule {
  readonly name: string
  readonly description: string
  suggest(profile: DetailedProfile, context: SuggestionContext): Candidate | null
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`
const double = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`
/** A column in a DQDL condition. */
const tick = (name: string): string => `\`${name}\``
const known = (column: string): string => `where "${tick(column)} is not null"`

const completeIfComplete: SuggestionRule = {
  name: 'CompleteIfCompleteRule',
  description: 'a column without missing values stays so',
  suggest({ column, completeness }) {
    if (completeness !== 1) return null
    return {
      currentValue: `Completeness: ${completeness}`,
      description: `'${column}' is not null`,
      add: (check) => check.isComplete(column),
      typescript: `.isComplete(${quote(column)})`,
      dqdl: `IsComplete ${double(column)}`,
      deequ: `.isComplete(${double(column)})`,
    }
  },
}

const retainCompleteness: SuggestionRule = {
  name: 'RetainCompletenessRule',
  description: 'the share of missing values stays within what chance explains',
  suggest({ column, completeness }, { rowCount, interval }) {
    if (completeness <= 0.2 || completeness >= 1) return null
    const { low } = confidenceInterval(completeness, rowCount, interval)
    return {
      currentValue: `Completeness: ${completeness}`,
      description: `'${column}' has less than ${Math.trunc((1 - low) * 100)}% missing values`,
      add: (check) => check.hasCompleteness(column, { atLeast: low }, { hint: `It should be above ${low}!` }),
      typescript: `.hasCompleteness(${quote(column)}, { atLeast: ${low} })`,
      dqdl: `Completeness ${double(column)} >= ${low}`,
      deequ: `.hasCompleteness(${double(column)}, _ >= ${low}, Some("It should be above ${low}!"))`,
    }
  },
}

const retainType: SuggestionRule = {
  name: 'RetainTypeRule',
  description: 'texts that are numbers or booleans stay so',
  suggest({ column, dataType, isInferred }) {
    if (!isInferred || dataType === 'String' || dataType === 'Unknown') return null
    const glue = { Integral: 'Long', Fractional: 'Double', Boolean: 'Boolean' }[dataType]
    return {
      currentValue: `DataType: ${dataType}`,
      description: `'${column}' has type ${dataType}`,
      add: (check) => check.hasDataType(column, dataType),
      typescript: `.hasDataType(${quote(column)}, '${dataType}')`,
      dqdl: `ColumnDataType ${double(column)} = "${glue}" ${known(column)}`,
      deequ: `.hasDataType(${double(column)}, ConstrainableDataTypes.${dataType})`,
    }
  },
}

type Entry = readonly [string, DistributionValue]

/** Values of a column that looks categorical, the most frequent first; null: it does not. */
function categories({ histogram, dataType }: DetailedProfile, maximumUniqueShare: number): readonly Entry[] | null {
  if (histogram === null || (dataType !== 'String' && dataType !== 'Integral')) return null
  const entries = [...histogram.values]
  const unique = entries.filter(([, { absolute }]) => absolute === 1).length
  return entries.length > 0 && unique / entries.length <= maximumUniqueShare ? entries : null
}

function contained(
  column: string,
  entries: readonly Entry[],
  dataType: DetailedProfile['dataType'],
  atLeast: number | null,
) {
  const values = entries.filter(([value]) => value !== 'NullValue').map(([value]) => value)
  if (values.length === 0) return null
  const numbers = dataType === 'Integral'
  const list = values.map(quote).join(', ')
  const sql = values.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')
  const limit = atLeast === null ? '' : `, { atLeast: ${atLeast} }`
  const members = `[${values.map((value) => (numbers ? value : double(value))).join(', ')}, NULL]`
  const code = values.map(double).join(', ')
  const hint = `It should be above ${atLeast}!`
  return {
    sql,
    add: (check: Check) =>
      check.isContainedIn(column, numbers ? values.map(BigInt) : values, atLeast === null ? 1 : { atLeast }),
    typescript: `.isContainedIn(${quote(column)}, [${numbers ? values.map((value) => `${value}n`).join(', ') : list}]${limit})`,
    dqdl: `ColumnValues ${double(column)} in ${members}${atLeast === null ? '' : ` with threshold >= ${atLeast}`}`,
    deequ: `.isContainedIn(${double(column)}, Array(${code})${atLeast === null ? '' : `, _ >= ${atLeast}, Some("${hint}")`})`,
  }
}

const categoricalRange: SuggestionRule = {
  name: 'CategoricalRangeRule',
  description: 'a column with few values keeps to them',
  suggest(profile) {
    const entries = categories(profile, 0.1)
    const made = entries === null ? null : contained(profile.column, entries, profile.dataType, null)
    if (made === null) return null
    return { ...made, currentValue: 'Compliance: 1', description: `'${profile.column}' has value range ${made.sql}` }
  },
}

const fractionalCategoricalRange: SuggestionRule = {
  name: 'FractionalCategoricalRangeRule',
  description: 'most values of a column keep to a few',
  suggest(profile, { rowCount, interval }) {
    const entries = categories(profile, 0.4)
    if (entries === null) return null
    const top: Entry[] = []
    let covered = 0
    for (const entry of entries) {
      if (covered >= 0.9) break
      covered += entry[1].ratio
      top.push(entry)
    }
    if (covered >= 1) return null
    const { low } = confidenceInterval(covered, rowCount, interval)
    const made = contained(profile.column, top, profile.dataType, low)
    if (made === null) return null
    const description = `'${profile.column}' has value range ${made.sql} for at least ${low * 100}% of values`
    return { ...made, currentValue: `Compliance: ${covered}`, description }
  },
}

const nonNegativeNumbers: SuggestionRule = {
  name: 'NonNegativeNumbersRule',
  description: 'numbers without negative ones stay so',
  suggest({ column, numbers, isInferred }) {
    if (numbers === null || isInferred || numbers.minimum < 0) return null
    return {
      currentValue: `Minimum: ${numbers.minimum}`,
      description: `'${column}' has no negative values`,
      add: (check) => check.isNonNegative(column),
      typescript: `.isNonNegative(${quote(column)})`,
      dqdl: `ColumnValues ${double(column)} >= 0 ${known(column)}`,
      deequ: `.isNonNegative(${double(column)})`,
    }
  },
}

const uniqueIfApproximatelyUnique: SuggestionRule = {
  name: 'UniqueIfApproximatelyUniqueRule',
  description: 'a column with about as many values as rows is unique',
  suggest({ column, completeness, approximateDistinct }, { rowCount }) {
    const distinctness = approximateDistinct / rowCount
    if (completeness !== 1 || Math.abs(1 - distinctness) > 0.08) return null
    return {
      currentValue: `ApproxDistinctness: ${distinctness}`,
      description: `'${column}' is unique`,
      add: (check) => check.isUnique(column),
      typescript: `.isUnique(${quote(column)})`,
      dqdl: `IsUnique ${double(column)}`,
      deequ: `.isUnique(${double(column)})`,
    }
  },
}

/** The same sums in another order differ in the last digits. */
const near = (value: number): readonly [number, number] => {
  const slack = Math.max(Math.abs(value) * 1e-9, 1e-12)
  return [value - slack, value + slack]
}
/** Without an exponent, which DQDL has none of. */
const digits = (value: number): string =>
  /e/.test(String(value)) ? value.toFixed(20).replace(/\.?0+$/, '') : String(value)

function numberRule(
  name: string,
  kind: 'Min' | 'Max' | 'Mean' | 'StandardDeviation',
  valueOf: (numbers: NonNullable<DetailedProfile['numbers']>) => number,
  dqdlOf: (column: string, value: number) => string,
): SuggestionRule {
  return {
    name,
    description: `the ${kind} of numbers stays what it is`,
    suggest({ column, numbers, isInferred }) {
      if (numbers === null || isInferred) return null
      const value = valueOf(numbers)
      const exact = kind === 'Min' || kind === 'Max'
      const [low, high] = exact ? [value, value] : near(value)
      return {
        currentValue: `${kind}: ${value}`,
        description: `the ${kind} of '${column}' is ${value}`,
        add: (check) => check[`has${kind}`](column, exact ? value : { atLeast: low, atMost: high }),
        typescript: `.has${kind}(${quote(column)}, ${exact ? value : `{ atLeast: ${low}, atMost: ${high} }`})`,
        dqdl: dqdlOf(column, value),
        deequ: `.has${kind}(${double(column)}, _ == ${value})`,
      }
    },
  }
}

const between = (type: string) => (column: string, value: number) =>
  `${type} ${double(column)} between ${near(value).map(digits).join(' and ')}`

const hasMin = numberRule(
  'HasMin',
  'Min',
  ({ minimum }) => minimum,
  (column, value) => `ColumnValues ${double(column)} >= ${digits(value)} ${known(column)}`,
)
const hasMax = numberRule(
  'HasMax',
  'Max',
  ({ maximum }) => maximum,
  (column, value) => `ColumnValues ${double(column)} <= ${digits(value)} ${known(column)}`,
)
const hasMean = numberRule('HasMean', 'Mean', ({ mean }) => mean, between('Mean'))
const hasStandardDeviation = numberRule(
  'HasStandardDeviation',
  'StandardDeviation',
  ({ standardDeviation }) => standardDeviation,
  between('StandardDeviation'),
)

const lengthRule = (kind: 'MinLength' | 'MaxLength', comparison: '>=' | '<='): SuggestionRule => ({
  name: `Has${kind}`,
  description: 'texts stay as short or long as they are',
  suggest({ column, lengths }) {
    if (lengths === null) return null
    const value = kind === 'MinLength' ? lengths.minimum : lengths.maximum
    return {
      currentValue: `${kind}: ${value}`,
      description: `the length of '${column}' is ${comparison} ${value}`,
      add: (check) => check[`has${kind}`](column, kind === 'MinLength' ? { atLeast: value } : { atMost: value }),
      typescript: `.has${kind}(${quote(column)}, { ${kind === 'MinLength' ? 'atLeast' : 'atMost'}: ${value} })`,
      dqdl: `ColumnLength ${double(column)} ${comparison} ${value} ${known(column)}`,
      deequ: `.has${kind}(${double(column)}, _ ${comparison} ${value})`,
    }
  },
})

const defaults = [
  completeIfComplete,
  retainCompleteness,
  retainType,
  categoricalRange,
  fractionalCategoricalRange,
  nonNegativeNumbers,
]

/** Deequ's sets of rules, by its names. */
export const suggestionRules = {
  DEFAULT: defaults,
  STRING: [lengthRule('MinLength', '>='), lengthRule('MaxLength', '<=')],
  NUMERICAL: [hasMin, hasMax, hasMean, hasStandardDeviation],
  COMMON: [uniqueIfApproximatelyUnique],
  EXTENDED: [
    ...defaults,
    uniqueIfApproximatelyUnique,
    lengthRule('MinLength', '>='),
    lengthRule('MaxLength', '<='),
    hasMin,
    hasMax,
    hasMean,
    hasStandardDeviation,
  ],
} as const satisfies Record<string, readonly SuggestionRule[]>
