import { isCountry } from './country-names.js'
import type { SemanticType } from './table-profile.js'

type Test = (value: string) => boolean
const matching =
  (pattern: RegExp): Test =>
  (value) =>
    pattern.test(value)

interface Look {
  readonly type: SemanticType
  readonly looksSo: Test
  /** Values that look so may be something else: the column's name must say it as well. */
  readonly named?: RegExp
}

const postcodeName = /(^|_)(zip|zip_?code|post_?code|postal(_?code)?|plz)($|_)/i
const countryName = /(^|_)(country|nation|country_?code|iso_?country)($|_)/i

const looks: readonly Look[] = [
  { type: 'email', looksSo: matching(/^[^\s@]+@[^\s@]+\.[^\s@]+$/) },
  { type: 'url', looksSo: matching(/^(https?:\/\/|www\.)\S+$/i) },
  { type: 'uuid', looksSo: matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i) },
  { type: 'boolean', looksSo: matching(/^(true|false|yes|no|y|n)$/i) },
  { type: 'timestamp', looksSo: matching(/^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\/\d{1,2}\/\d{4})[ T]\d{1,2}:\d{2}/) },
  { type: 'date', looksSo: matching(/^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\/\d{1,2}\/\d{4})$/) },
  // British, Canadian and Dutch ones are letters and digits in an order that little else has.
  {
    type: 'postcode',
    looksSo: matching(/^([a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z][ -]?\d[a-z]\d|[1-9]\d{3} ?[a-z]{2})$/i),
  },
  { type: 'postcode', looksSo: matching(/^(?=.*\d)[a-z\d][a-z\d -]{1,8}[a-z\d]$/i), named: postcodeName },
  { type: 'country', looksSo: isCountry, named: countryName },
  // A leading zero is lost in a number: such digits are codes.
  { type: 'integer', looksSo: matching(/^[+-]?(0|[1-9]\d{0,18})$/) },
  { type: 'decimal', looksSo: matching(/^[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?$/) },
  { type: 'phone', looksSo: matching(/^\+?[\d\s().-]{6,}\d(\s*(x|ext\.?)\s*\d+)?$/i) },
]

/** Share of a sample that must look alike for a column to be called so: dirt is what the rules are for. */
const enough = 0.9

/**
 * What most of a sample of text values look like, or null.
 * @param name of the column: digits are postcodes, and two letters countries, where it says so
 */
export function semanticTypeOf(values: readonly string[], name = ''): SemanticType | null {
  if (values.length === 0) return null
  const needed = values.length * enough
  for (const { type, looksSo, named } of looks) {
    if (named !== undefined && !named.test(name)) continue
    let alike = 0
    let misses = 0
    for (const value of values) {
      if (looksSo(value)) alike++
      else if (++misses > values.length - needed) break
    }
    if (alike >= needed) return type
  }
  return null
}
