import { describe, expect, it } from '@jest/globals'
import {
  binary,
  boolean,
  date,
  decimal,
  field,
  float32,
  float64,
  int64,
  list,
  map,
  schema,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { canonicalLine, canonicalValue } from './canonical-line.js'

describe('canonical lines', () => {
  it.each<[DataType, Value, string]>([
    [boolean, true, 'true'],
    [int64, 9223372036854775807n, '9223372036854775807'],
    [float64, 1, '1.0'],
    [float64, -0, '0.0'],
    [float64, 0.1, '0.1'],
    [float64, 1e16, '1e+16'],
    [float64, 123456789012345680, '1.2345678901234568e+17'],
    [float64, 0.0001, '0.0001'],
    [float64, -0.00001, '-1e-05'],
    [float64, 5e-324, '5e-324'],
    [float64, NaN, '"NaN"'],
    [float64, -Infinity, '"-Infinity"'],
    [float32, Math.fround(0.1), '0.1'],
    [float32, Math.fround(16777216), '16777216.0'],
    [float32, Math.fround(3.4028235e38), '3.4028235e+38'],
    [decimal(12, 2), -199300n, '"-1993.00"'],
    [decimal(5, 0), 7n, '"7"'],
    [string, 'é"\n\u{1F600}', '"é\\"\\n\u{1F600}"'],
    [binary, Uint8Array.of(0, 255), '"00ff"'],
    [date, -1, '"1969-12-31"'],
    [timestamp, 1n, '"1970-01-01T00:00:00.000001Z"'],
    [timestampNtz, -1n, '"1969-12-31T23:59:59.999999"'],
    [list(int64), [1n, null], '[1,null]'],
    [struct([field('b', int64), field('a', string)]), [1n, null], '{"b":1,"a":null}'],
    [
      map(string, int64),
      [
        ['b', 1n],
        ['a', 2n],
      ],
      '[["a",2],["b",1]]',
    ],
    [
      variant,
      '{ "b": 1.500, "a": [1e2, 12345678901234567890, "x"] }',
      '"{\\"a\\":[100,12345678901234567890,\\"x\\"],\\"b\\":1.5}"',
    ],
    [string, null, 'null'],
  ])('%j %p → %s', (type, value, text) => {
    expect(canonicalValue(type, value)).toBe(text)
  })

  it('is one object in the order of the schema', () => {
    const columns = schema([field('b', int64), field('a"', string)])
    expect(canonicalLine(columns, [1n, null])).toBe('{"b":1,"a\\"":null}')
  })
})
