import { describe, expect, it } from '@jest/globals'
import { schema as schemaOf, field, int16, int32, int64, int8, type Value } from '@deltaworks/schema'
import { invalid, parseValue } from './parse-value.js'
import { readCsvText } from './testing.js'

const bytes = ['-', '+', '0', '9', '/', ':', '.', ' ', 'a', 'é', '\u0080', '\u0001']

/** All texts of at most three of them, and numbers around the limits of types and of what is read at once. */
function* texts(): Generator<string> {
  yield* bytes
  for (const a of bytes) for (const b of bytes) yield a + b
  for (const a of bytes) for (const b of bytes) for (const c of bytes) yield a + b + c
  for (const limit of [2n ** 7n, 2n ** 15n, 2n ** 31n, 2n ** 63n, 10n ** 6n, 10n ** 7n, 10n ** 8n, 10n ** 16n])
    for (const by of [-2n, -1n, 0n, 1n]) yield* [`${limit + by}`, `-${limit + by}`, `000${limit + by}`]
  // A byte that is none of a number, at each place.
  for (let at = 0; at < 9; at++)
    for (const byte of bytes) yield* [`${'12345678'.slice(0, at)}${byte}${'12345678'.slice(at)}`, `1234567${byte}`]
}

describe('integers of rows that are regular', () => {
  const types = [int8, int16, int32, int64]
  const schema = schemaOf(types.map((type, i) => field(`c${i}`, type)))
  const format = { pattern: null, timezone: 'UTC' }

  it.each(['\n', ''])('E-25: are what the slow parser makes of their texts, ending with %j', async (end) => {
    const all = ['', ...texts()]
    const lines = all.map((text) => types.map(() => text).join(','))
    const { rows } = await readCsvText(`c0,c1,c2,c3\n${lines.join('\n')}${end}`, schema)
    const expected = all.map((text) =>
      types.map((type): Value => {
        const value = text === '' ? null : parseValue(type, text, format)
        return value === invalid ? null : value
      }),
    )
    expect(rows).toEqual(expected)
  })
})
