import {
  boolean,
  date,
  decimal,
  float32,
  float64,
  int32,
  int64,
  string,
  timestamp,
  timestampNtz,
} from '@deltaworks/schema'
import type { DataType, Value } from '@deltaworks/schema'
import { encodePath, partitionFolder, pathKey } from './file-path.js'
import { formatPartitionValue, parsePartitionValue } from './partition-value.js'

const cases: readonly (readonly [DataType, string, Value])[] = [
  [string, 'a b/c=%20', 'a b/c=%20'],
  [int32, '-5', -5],
  [int64, '9223372036854775807', 9223372036854775807n],
  [boolean, 'true', true],
  [date, '1969-12-31', -1],
  [decimal(10, 2), '-12.30', -1230n],
  [float64, '1.5', 1.5],
  [float64, '0.0', 0],
  [float64, '-100.0', -100],
  [float64, '0.001', 0.001],
  [float64, '1.0E-4', 0.0001],
  [float64, '-1.25E-7', -1.25e-7],
  [float64, '9999999.0', 9_999_999],
  [float64, '1.0E7', 10_000_000],
  [float64, '1.2345678901234567E19', 12345678901234567000],
  [float64, '1.7976931348623157E308', Number.MAX_VALUE],
  [float64, 'NaN', NaN],
  [float64, '-Infinity', -Infinity],
  [float32, '1.1', Math.fround(1.1)],
  [float32, '1.6777216E7', 16_777_216],
  [timestamp, '2020-01-01T00:00:00.123456Z', 1577836800123456n],
  [timestampNtz, '2020-01-01 00:00:00.5', 1577836800500000n],
]

describe('partition values', () => {
  it.each(cases)('D-34: %j %s', (type, text, value) => {
    expect(parsePartitionValue(type, text, 'c')).toEqual(value)
    expect(parsePartitionValue(type, formatPartitionValue(type, value), 'c')).toEqual(value)
    expect(formatPartitionValue(type, value)).toBe(text)
  })

  it('D-34: null and the empty string are null', () => {
    expect(parsePartitionValue(int32, '', 'c')).toBeNull()
    expect(parsePartitionValue(string, null, 'c')).toBeNull()
    expect(formatPartitionValue(string, '')).toBeNull()
  })

  it('D-34: refuses what does not fit, naming the column', () => {
    expect(() => parsePartitionValue(int32, '3000000000', 'c')).toThrow(/partition value "3000000000" of column c/)
    expect(() => parsePartitionValue(date, 'soon', 'c')).toThrow(/soon/)
  })

  it('D-08: escapes folders as Hive, and the path again as a URI', () => {
    const folder = partitionFolder([
      ['city', 'São Paulo/x'],
      ['n', null],
    ])
    expect(folder).toBe('city=São Paulo%2Fx/n=__HIVE_DEFAULT_PARTITION__')
    expect(pathKey(encodePath(folder))).toBe(folder)
    expect(encodePath(folder)).toContain('%20Paulo%252Fx')
  })

  it('D-08: one absolute path in three forms is one file', () => {
    expect(pathKey('file:///a/b%20c')).toBe('/a/b c')
    expect(pathKey('file:/a/b%20c')).toBe('/a/b c')
    expect(pathKey('/a/b%20c')).toBe('/a/b c')
  })
})
