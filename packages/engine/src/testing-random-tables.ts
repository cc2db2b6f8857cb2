import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  list,
  schema,
  string,
  timestamp,
  type Value,
} from '@deltaworks/schema'
import { randomNumbers, type TestTable } from './testing.js'

/*
 * Tables with a column of each kind, nulls, extreme values and ties; the same for the same seed.
 */

export type Kind = 'int' | 'bigint' | 'decimal' | 'wide' | 'double' | 'text' | 'bool' | 'date' | 'time' | 'list'

export const columns: readonly (readonly [string, Kind])[] = [
  ['i', 'int'],
  ['l', 'bigint'],
  ['d', 'decimal'],
  ['w', 'wide'],
  ['f', 'double'],
  ['s', 'text'],
  ['b', 'bool'],
  ['t', 'date'],
  ['m', 'time'],
  ['a', 'list'],
]

export const columnOf = (kind: Kind): string => columns.find(([, of]) => of === kind)![0]

const micros = (days: number): bigint => BigInt(days) * 86_400_000_000n

const extremes: Readonly<Record<Kind, readonly Value[]>> = {
  int: [0, 1, -1, 2_147_483_647, -2_147_483_648],
  bigint: [0n, 1n, -1n, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n],
  decimal: [0n, 1n, -1n, 9_999_999_999n, -9_999_999_999n],
  wide: [0n, 1n, -1n, 10n ** 30n - 1n, 1n - 10n ** 30n, 9_223_372_036_854_775_808n],
  double: [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1],
  text: ['', ' ', '%', '_', 'Île', '日本', "a'b", 'NaN', '10', '9'],
  bool: [true, false],
  date: [0, -1, 11_016, 19_782, -719_162, 2_932_896],
  time: [0n, -1n, 999_999n, micros(11_016), micros(19_782) - 1n, micros(-719_162), micros(2_932_896) + 86_399_999_999n],
  list: [[], [null], [0, null, 0], [2_147_483_647, -2_147_483_648]],
}

export function randomTables(seed: number): Readonly<Record<string, TestTable>> {
  const random = randomNumbers(seed)
  const value = (kind: Kind): Value => {
    if (random(8) === 0) return null
    if (random(6) === 0) return extremes[kind][random(extremes[kind].length)]!
    switch (kind) {
      case 'int':
        return random(9) - 4
      case 'bigint':
        return BigInt(random(9) - 4)
      case 'decimal':
      case 'wide':
        return BigInt(random(2000) - 1000)
      case 'double':
        return (random(64) - 32) / 8
      case 'text':
        return ['a', 'b', 'ab', 'Abc', 'x y', 'zz'][random(6)]!
      case 'bool':
        return random(2) === 1
      case 'date':
        return 12_000 + random(60)
      case 'time':
        return micros(12_000 + random(40)) + BigInt(random(48)) * 1_800_000_000n + (random(4) === 0 ? 1n : 0n)
      case 'list':
        return Array.from({ length: random(4) }, () => (random(6) === 0 ? null : random(5) - 2))
    }
  }
  const table = (rows: number): TestTable => ({
    ddl: 'i int, l bigint, d decimal(10,2), w decimal(38,6), f double, s varchar, b boolean, t date, m timestamp, a int[]',
    schema: schema([
      field('i', int32),
      field('l', int64),
      field('d', decimal(10, 2)),
      field('w', decimal(38, 6)),
      field('f', float64),
      field('s', string),
      field('b', boolean),
      field('t', date),
      field('m', timestamp),
      field('a', list(int32)),
    ]),
    rows: Array.from({ length: rows }, () => columns.map(([, kind]) => value(kind))),
  })
  return { a: table(24 + random(10)), c: table(8 + random(8)), none: table(0) }
}
