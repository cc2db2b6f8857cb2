import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { date, field, schema as schemaOf, timestampNtz, type Value } from '@deltaworks/schema'
import { invalid, parseValue } from './parse-value.js'
import { temporalPattern } from './temporal-pattern.js'
import { readCsvText } from './testing.js'

const patterns = [
  'M/d/yyyy H:mm',
  'dd.MM.yyyy',
  'yyyyMMdd',
  'd-M-yy',
  'yyyy-MM-dd HH:mm:ss.SSS',
  'y/M/d',
  'M/d/yyyy H:m:s',
]

/** Numbers where a date has them, mostly of the right size, and something else now and then. */
const number = (most: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: most }).map(String) },
    { weight: 6, arbitrary: fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0')) },
    { weight: 1, arbitrary: fc.constantFrom('', 'x', '-1', '000000001', '123456789', '1é', ' 1', '1:', '/') },
  )
const parts: Readonly<Record<string, fc.Arbitrary<string>>> = {
  y: fc.oneof(number(2100), fc.integer({ min: 1900, max: 2100 }).map(String)),
  M: number(13),
  d: number(32),
  H: number(25),
  m: number(61),
  s: number(61),
  S: number(999),
}

const textOf = (pattern: string): fc.Arbitrary<string> =>
  fc
    .tuple(...(pattern.match(/([a-zA-Z])\1*|./g) ?? []).map((part) => parts[part[0]!] ?? fc.constant(part)))
    .map((all) => all.join(''))

describe('dates and times by a pattern', () => {
  it.each(patterns)('E-23: %s means in kernels what it means in the slow parser', async (text) => {
    const types = [date, timestampNtz]
    const format = { pattern: temporalPattern(text), timezone: 'UTC' }
    const columns = { d: { pattern: text }, t: { pattern: text } }
    const schema = schemaOf([field('d', date), field('t', timestampNtz)])
    await fc.assert(
      fc.asyncProperty(fc.array(textOf(text), { minLength: 70, maxLength: 200 }), async (texts) => {
        const { rows } = await readCsvText(`d,t\n${texts.map((t) => `${t},${t}`).join('\n')}`, schema, { columns })
        const expected = texts.map((own) =>
          types.map((type): Value => {
            const value = own === '' ? null : parseValue(type, own, format)
            return value === invalid ? null : value
          }),
        )
        expect(rows).toEqual(expected)
      }),
      { numRuns: 15 },
    )
  })
})
