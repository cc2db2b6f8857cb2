import {
  boolean,
  date,
  decimal,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  string,
  timestamp,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { when } from '../case-builder.js'
import { col, type Expr } from '../expr.js'
import { fn } from '../function-builders.js'
import { lit } from '../lit.js'

/** What an expression must give for some rows; used by the interpreter's tests and the compiler's. */
export interface ExpressionCase {
  readonly name: string
  readonly expression: Expr
  readonly columns: readonly (readonly [name: string, type: DataType])[]
  /** Inputs, then the value or the code of the error that it must be. */
  readonly rows: readonly (readonly [inputs: readonly Value[], expected: Value | Failure])[]
}
export interface Failure {
  readonly code: string
}
export const isFailure = (expected: Value | Failure): expected is Failure =>
  typeof expected === 'object' && expected !== null && 'code' in expected

const overflow = { code: 'DW-EXPRESSION-0010' }
const zero = { code: 'DW-EXPRESSION-0011' }
const badCast = { code: 'DW-EXPRESSION-0012' }
const badArgument = { code: 'DW-EXPRESSION-0013' }

type Rows = ExpressionCase['rows']
const given = (
  name: string,
  expression: Expr,
  columns: Readonly<Record<string, DataType>>,
  rows: Rows,
): ExpressionCase => ({
  name,
  expression,
  columns: Object.entries(columns),
  rows,
})
const [a, b, t, d, ts] = [col('a'), col('b'), col('t'), col('d'), col('ts')] as const
const two = (type: DataType): Record<string, DataType> => ({ a: type, b: type })
const max64 = 2n ** 63n - 1n
const min64 = -(2n ** 63n)

const arithmetic: readonly ExpressionCase[] = [
  given('E-04: int addition and overflow', a.add(b), two(int32), [
    [[1, 2], 3],
    [[null, 2], null],
    [[2_147_483_647, 1], overflow],
    [[-2_147_483_648, -1], overflow],
  ]),
  given('E-04: tinyint keeps its range', a.mul(b), two(int8), [
    [[11, 11], 121],
    [[12, 11], overflow],
    [[-128, -1], overflow],
  ]),
  given('smallint subtraction', a.sub(b), two(int16), [
    [[-32_000, 768], -32_768],
    [[-32_000, 769], overflow],
  ]),
  given('E-04: bigint addition', a.add(b), two(int64), [
    [[max64, 0n], max64],
    [[max64, 1n], overflow],
    [[min64, -1n], overflow],
    [[null, 1n], null],
  ]),
  given('bigint subtraction', a.sub(b), two(int64), [
    [[min64, 1n], overflow],
    [[5n, 7n], -2n],
    [[0n, min64], overflow],
  ]),
  given('E-04: bigint multiplication', a.mul(b), two(int64), [
    [[3_000_000_000n, 3n], 9_000_000_000n],
    [[4_294_967_296n, 2_147_483_648n], overflow],
    [[-4_294_967_296n, 2_147_483_648n], min64],
    [[max64, max64], overflow],
    [[min64, -1n], overflow],
    [[min64, 1n], min64],
  ]),
  given('E-04: division of ints is double', a.div(b), two(int32), [
    [[7, 2], 3.5],
    [[7, 0], zero],
    [[null, 0], null],
  ]),
  given('modulo has the sign of the dividend', a.mod(b), two(int32), [
    [[7, 3], 1],
    [[-7, 3], -1],
    [[7, 0], zero],
    [[-2_147_483_648, -1], 0],
  ]),
  given('bigint modulo', a.mod(b), two(int64), [
    [[min64, -1n], 0n],
    [[10n, 0n], zero],
    [[-10n, 3n], -1n],
  ]),
  given('doubles', a.mul(b).add(0.5), two(float64), [
    [[1.5, 2], 3.5],
    [[NaN, 1], NaN],
    [[1e308, 10], Infinity],
  ]),
  given('float stays float', a.add(b), two(float32), [
    [[Math.fround(0.1), Math.fround(0.2)], Math.fround(Math.fround(0.1) + Math.fround(0.2))],
  ]),
  given('double division by zero', a.div(b), two(float64), [
    [[1, 0], zero],
    [[1, -0], zero],
    [[1, 4], 0.25],
  ]),
  given('negate and abs', a.neg().add(fn.abs(b)), two(int32), [
    [[3, -4], 1],
    [[-2_147_483_648, 0], overflow],
    [[1, -2_147_483_648], overflow],
  ]),
]

const decimals: readonly ExpressionCase[] = [
  given('E-04: decimal sum', a.add(b), { a: decimal(12, 2), b: decimal(5, 3) }, [
    [[150n, 1n], 1501n],
    [[-150n, 1500n], 0n],
    [[null, 1n], null],
  ]),
  given('decimal product within 18 digits', a.mul(b), { a: decimal(8, 2), b: decimal(7, 3) }, [
    [[12_345_678n, -1_234_567n], -12_345_678n * 1_234_567n],
  ]),
  given('E-04: decimal product beyond 18 digits', a.mul(b), { a: decimal(18, 2), b: decimal(18, 4) }, [
    [[999_999_999_999_999_999n, 999_999_999_999_999_999n], 999_999_999_999_999_999n ** 2n],
    [[-5n, 7n], -35n],
    [[-999_999_999_999_999_999n, 4_294_967_296n], -999_999_999_999_999_999n * 4_294_967_296n],
  ]),
  given('decimal sum beyond 18 digits', a.add(b), { a: decimal(18, 2), b: decimal(30, 4) }, [
    [[-1n, 10n ** 29n], 10n ** 29n - 100n],
    [[999_999_999_999_999_999n, -(10n ** 29n)], 99_999_999_999_999_999_900n - 10n ** 29n],
  ]),
  given('decimal difference beyond 18 digits', a.sub(b), { a: decimal(20, 2), b: decimal(20, 2) }, [
    [[1n, 2n], -1n],
    [[-(10n ** 19n), 10n ** 19n], -2n * 10n ** 19n],
  ]),
  given('decimal(38) overflow', a.add(b), two(decimal(38, 0)), [
    [[10n ** 38n - 1n, 1n], overflow],
    [[10n ** 38n - 2n, 1n], 10n ** 38n - 1n],
    [[-(10n ** 38n) + 1n, -1n], overflow],
  ]),
  given('E-04: decimal division rounds half up', a.div(b), { a: decimal(12, 2), b: decimal(5, 0) }, [
    [[1000n, 3n], 333_333_333n],
    [[-2000n, 3n], -666_666_667n],
  ]),
  given('decimal by int literal', a.div(lit(8)), { a: decimal(12, 2) }, [
    [[100n], 125_000n],
    [[-1n], -1250n],
    [[null], null],
  ]),
  given('decimal division by zero', a.div(b), two(decimal(10, 2)), [[[1n, 0n], zero]]),
  given('decimal comparison across scales', a.gt(b), { a: decimal(12, 2), b: decimal(10, 4) }, [
    [[150n, 14_999n], true],
    [[150n, 15_000n], false],
  ]),
  given('wide decimal comparison', a.lt(b), two(decimal(38, 2)), [
    [[-1n, 0n], true],
    [[2n ** 64n, 2n ** 64n + 1n], true],
    [[2n ** 100n, 1n], false],
    [[-(2n ** 100n), -1n], true],
  ]),
  given('decimal and int literal', a.ge(5000), { a: decimal(12, 2) }, [
    [[500_000n], true],
    [[499_999n], false],
    [[null], null],
  ]),
  given('round', fn.round(a, 1), { a: decimal(12, 3) }, [
    [[12_350n], 124n],
    [[12_349n], 123n],
    [[-12_350n], -124n],
  ]),
  given('floor and ceil', fn.ceil(a).sub(fn.floor(a)), { a: decimal(10, 2) }, [
    [[-150n], 1n],
    [[200n], 0n],
  ]),
  given('negative wide decimal', fn.abs(a.neg()), { a: decimal(30, 2) }, [
    [[-(10n ** 25n)], 10n ** 25n],
    [[10n ** 25n], 10n ** 25n],
  ]),
]

const casts: readonly ExpressionCase[] = [
  given('E-05: text to int', t.cast(int32), { t: string }, [
    [[' 42 '], 42],
    [['-2147483648'], -2_147_483_648],
    [['2147483648'], badCast],
    [['1.5'], badCast],
    [[''], badCast],
    [['+7'], 7],
    [[null], null],
  ]),
  given('E-05: try_cast gives null', t.tryCast(int32), { t: string }, [
    [['42'], 42],
    [['x'], null],
    [[null], null],
  ]),
  given('text to bigint of many digits', t.cast(int64), { t: string }, [
    [['9223372036854775807'], max64],
    [['9223372036854775808'], badCast],
  ]),
  given('E-05: text to decimal', t.cast(decimal(12, 2)), { t: string }, [
    [['12.345'], 1235n],
    [['-12.345'], -1235n],
    [['.5'], 50n],
    [['1e2'], 10_000n],
    [['99999999999'], badCast],
    [['#ERROR!'], badCast],
    [['9999999999.995'], badCast],
  ]),
  given('text to double', t.cast(float64), { t: string }, [
    [['1.5e3'], 1500],
    [['NaN'], NaN],
    [['-inf'], -Infinity],
    [['abc'], badCast],
  ]),
  given('text to date', t.cast(date), { t: string }, [
    [['2003-02-24'], 12_107],
    [['2003-2-4'], 12_087],
    [['2003-02-30'], badCast],
    [['2003-02-24 10:00'], 12_107],
  ]),
  given('text to timestamp', t.cast(timestamp), { t: string }, [
    [['1970-01-02 00:00:01'], 86_401_000_000n],
    [['1970-01-02'], 86_400_000_000n],
    [['1970-01-02T00:00:00.5+01:00'], 82_800_500_000n],
    [['nope'], badCast],
  ]),
  given('text to boolean', t.cast(boolean), { t: string }, [
    [['Yes'], true],
    [['0'], false],
    [['maybe'], badCast],
  ]),
  given('double to int truncates', a.cast(int32), { a: float64 }, [
    [[-1.9], -1],
    [[2_147_483_648], badCast],
    [[NaN], badCast],
  ]),
  given('bigint to smallint', a.cast(int16), { a: int64 }, [
    [[32_767n], 32_767],
    [[32_768n], badCast],
  ]),
  given('decimal narrows half up', a.cast(decimal(5, 1)), { a: decimal(12, 3) }, [
    [[12_350n], 124n],
    [[-12_350n], -124n],
    [[99_999_500n], badCast],
    [[10_000_000n], badCast],
  ]),
  given('decimal widens', a.cast(decimal(38, 10)), { a: decimal(18, 2) }, [
    [[-999_999_999_999_999_999n], -99_999_999_999_999_999_900_000_000n],
    [[null], null],
  ]),
  given('int to decimal that is too narrow', a.cast(decimal(4, 2)), { a: int32 }, [
    [[99], 9900n],
    [[100], badCast],
    [[-2_147_483_648], badCast],
  ]),
  given('decimal to int and double', a.cast(int32).add(a.cast(float64)), { a: decimal(12, 2) }, [
    [[-150n], -2.5],
    [[999_999_999_999n], badCast],
  ]),
  given('E-05: numbers to text', fn.concat(a.cast(string), '/', b.cast(string)), { a: decimal(10, 3), b: int64 }, [
    [[-5n, min64], '-0.005/-9223372036854775808'],
    [[12_345n, 0n], '12.345/0'],
  ]),
  given('double to text is written as Java does', a.cast(string), { a: float64 }, [
    [[1], '1.0'],
    [[1e7], '1.0E7'],
    [[0.001], '0.001'],
    [[1.5e-5], '1.5E-5'],
    [[0.3], '0.3'],
    [[5e-324], '4.9E-324'],
    [[NaN], 'NaN'],
  ]),
  given('E-05: a float to decimal has the digits of its double', a.cast(decimal(38, 18)), { a: float32 }, [
    [[Math.fround(0.1)], 100_000_001_490_116_120n],
    [[Infinity], badCast],
  ]),
  given('E-05: a year or a month alone is its first day', t.cast(date), { t: string }, [
    [['2024'], 19_723],
    [[' 2024-2 '], 19_754],
    [['+12345'], 3_789_391],
    [['+9999999'], badCast],
    [['24'], badCast],
  ]),
  given('E-05: a timestamp may end with a region', t.cast(timestamp), { t: string }, [
    [['2024-02-29 12:34:56 Europe/Berlin'], 1_709_206_496_000_000n],
    [['2024-02-29 12:34:56.'], 1_709_210_096_000_000n],
    [['2024-02-29 12:34:56Z Europe/Berlin'], badCast],
    [['2024-02-29 12:34:56 Europe/Nowhere'], badCast],
  ]),
  given('E-09: xxhash64 as Spark has it', fn.xxhash64(a), { a: float32 }, [
    [[1.5], 6_163_473_420_726_370_430n],
    [[-0], 3_614_696_996_920_510_707n],
  ]),
  given('E-09: xxhash64 of a wide decimal', fn.xxhash64(a), { a: decimal(38, 10) }, [
    [[-99_999_999_999_999_999_999_999_999_999_999_999_999n], -2_254_039_905_620_870_768n],
  ]),
  given('dates and timestamps', fn.concat(d.cast(string), ' ', ts.cast(string)), { d: date, ts: timestamp }, [
    [[0, 86_401_500_000n], '1970-01-01 1970-01-02 00:00:01.5'],
    [[-719_162, 0n], '0001-01-01 1970-01-01 00:00:00'],
    [[3_000_000, 0n], '10183-09-21 1970-01-01 00:00:00'],
  ]),
  given('a date beyond the range of timestamps', d.cast(timestamp), { d: date }, [
    [[106_751_991], 9_223_372_022_400_000_000n],
    [[106_751_992], badCast],
  ]),
  given('timestamp to date and back', ts.cast(date).cast(timestamp), { ts: timestamp }, [
    [[-1n], -86_400_000_000n],
    [[86_399_999_999n], 0n],
  ]),
]

const logic: readonly ExpressionCase[] = [
  given('Kleene and', a.and(b), two(boolean), [
    [[true, true], true],
    [[true, null], null],
    [[null, false], false],
    [[false, null], false],
    [[null, null], null],
  ]),
  given('Kleene or', a.or(b), two(boolean), [
    [[false, false], false],
    [[false, null], null],
    [[null, true], true],
    [[true, null], true],
  ]),
  given('E-04: AND guards what would fail', b.ne(0).and(a.div(b).gt(1)), two(int32), [
    [[4, 2], true],
    [[4, 0], false],
    [[4, null], null],
  ]),
  given('not, is null', a.isNull().or(a.eq(b).not()), two(int32), [
    [[null, 1], true],
    [[1, 1], false],
    [[1, null], null],
  ]),
  given('null-safe equality', a.isNotDistinctFrom(b), two(string), [
    [['x', 'x'], true],
    [[null, null], true],
    [['x', null], false],
  ]),
  given('in', a.in_([1, 2, 3]), { a: int32 }, [
    [[2], true],
    [[4], false],
    [[null], null],
  ]),
  given('in with a null', t.in_(['a', null]), { t: string }, [
    [['a'], true],
    [['b'], null],
    [[null], null],
  ]),
  given('between', a.between(1, b), two(int32), [
    [[1, 5], true],
    [[0, null], false],
    [[2, null], null],
  ]),
  given('NaN is greatest and equals itself', a.ge(b).and(a.eq(a)), two(float64), [
    [[NaN, Infinity], true],
    [[NaN, NaN], true],
    [[1, NaN], false],
    [[-0, 0], true],
  ]),
  given('case', when(a.gt(10), 'big').when(a.gt(5), 'middle').otherwise(null), { a: int32 }, [
    [[11], 'big'],
    [[6], 'middle'],
    [[1], null],
    [[null], null],
  ]),
  given('case evaluates one branch', when(b.eq(0), 0).otherwise(a.mod(b)), two(int32), [
    [[5, 0], 0],
    [[5, 3], 2],
  ]),
  given('coalesce, nullif', fn.coalesce(fn.nullif(a, 0), b, 9), two(int32), [
    [[0, null], 9],
    [[0, 3], 3],
    [[1, 3], 1],
    [[null, 3], 3],
  ]),
  given('if, greatest, least', fn.if(a.gt(b), fn.greatest(a, b, 3), fn.least(a, b)), two(int32), [
    [[1, 0], 3],
    [[1, null], 1],
    [[null, null], null],
    [[1, 2], 1],
  ]),
  given('text and number are compared as numbers', t.eq(a), { t: string, a: int32 }, [
    [['010', 10], true],
    [['x', 1], badCast],
  ]),
  given('date and text are compared as dates', d.lt('2003-03-01'), { d: date }, [
    [[12_107], true],
    [[20_000], false],
  ]),
]

const texts: readonly ExpressionCase[] = [
  given('E-08: case', fn.concat(fn.lower(t), fn.upper(t)), { t: string }, [
    [['aBc'], 'abcABC'],
    [['ÄöÜ'], 'äöüÄÖÜ'],
    [[''], ''],
    [[null], null],
  ]),
  given('length counts characters', fn.length(t), { t: string }, [
    [['häß€😀'], 5],
    [[''], 0],
  ]),
  given('trim', fn.concat('<', fn.trim(t), '|', fn.ltrim(t), '|', fn.rtrim(t), '>'), { t: string }, [
    [['  a b '], '<a b|a b |  a b>'],
    [['   '], '<||>'],
    [['\ta'], '<\ta|\ta|\ta>'],
  ]),
  given('substring', fn.substring(t, a, b), { t: string, a: int32, b: int32 }, [
    [['häß€😀x', 2, 3], 'äß€'],
    [['abc', 0, 2], 'ab'],
    [['abc', -2, 1], 'b'],
    [['abc', -5, 3], 'a'],
    [['abc', 5, 3], ''],
    [['abc', 1, -1], ''],
    [['abc', 2, 2_147_483_647], 'bc'],
  ]),
  given('left and right', fn.concat_ws('-', fn.left(t, a), fn.right(t, a)), { t: string, a: int32 }, [
    [['häuser', 2], 'hä-er'],
    [['ab', 5], 'ab-ab'],
    [['ab', 0], '-'],
    [[null, 1], ''],
  ]),
  given('split_part', fn.split_part(t, '_', a), { t: string, a: int32 }, [
    [['S10_1678', 1], 'S10'],
    [['S10_1678', 2], '1678'],
    [['S10_1678', 3], ''],
    [['S10_1678', -1], '1678'],
    [['a_b_c', -3], 'a'],
    [['a_b_c', -4], ''],
    [['abc', 1], 'abc'],
    [['a_', 2], ''],
    [['a', 0], badArgument],
  ]),
  given('concat_ws leaves nulls out', fn.concat_ws(', ', t, col('u'), col('v')), { t: string, u: string, v: string }, [
    [['a', null, 'c'], 'a, c'],
    [[null, null, null], ''],
    [['', 'b', ''], ', b, '],
  ]),
  given('replace', fn.replace(t, 'ab', 'x'), { t: string }, [
    [['abcabab'], 'xcxx'],
    [['a'], 'a'],
  ]),
  given(
    'contains, starts, ends',
    fn.contains(t, 'b').and(fn.starts_with(t, 'a').or(fn.ends_with(t, 'ä'))),
    { t: string },
    [
      [['abc'], true],
      [['xbä'], true],
      [['xb'], false],
      [['a'], false],
    ],
  ),
  given('strpos', fn.strpos(t, 'ß'), { t: string }, [
    [['häß'], 3],
    [['a'], 0],
  ]),
  given('like', t.like('%a_\\%%'), { t: string }, [
    [['xaé%y'], true],
    [['xa%'], false],
    [['ab%'], true],
    [['line\nab%'], true],
  ]),
  given('like backtracks', t.like('%aab%aab'), { t: string }, [
    [['aaab aaaab'], true],
    [['aab'], false],
    [['aabaab'], true],
  ]),
  given('ilike and rlike', t.ilike('A%').and(t.rlike('[0-9]+$')), { t: string }, [
    [['abc12'], true],
    [['abc'], false],
    [[null], null],
  ]),
  given('E-08: regular expressions', fn.regexp_replace(fn.regexp_extract(t, '([a-z]+)@', 1), 'o', '0'), { t: string }, [
    [['foo@bar'], 'f00'],
    [['x'], ''],
  ]),
  given('text order is by code point', t.lt(col('u')), { t: string, u: string }, [
    [['\uffee', '😀'], true],
    [['a', 'ab'], true],
    [['b', 'ab'], false],
    [['', ''], false],
  ]),
  given('initcap, lpad, reverse', fn.concat(fn.initcap(t), fn.lpad(t, 3, '0'), fn.reverse(t)), { t: string }, [
    [['ab cd'], 'Ab Cdab dc ba'],
  ]),
  given('hashes', fn.concat(fn.md5(t), fn.sha2(t, 256)), { t: string }, [
    [['abc'], '900150983cd24fb0d6963f7d28e17f72ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ]),
]

const dates: readonly ExpressionCase[] = [
  given('E-10: fields of a date', fn.year(d).mul(10_000).add(fn.month(d).mul(100)).add(fn.day(d)), { d: date }, [
    [[12_107], 20_030_224],
    [[-719_162], 10_101],
    [[-141_428], 15_821_014],
    [[2_932_896], 99_991_231],
    [[null], null],
  ]),
  given(
    'weeks',
    fn.concat_ws(' ', fn.week(d), fn.dayofweek(d), fn.weekday(d), fn.dayofyear(d), fn.quarter(d)),
    { d: date },
    [
      [[12_107], '9 2 0 55 1'],
      [[10_957], '52 7 5 1 1'],
      [[-1], '1 4 2 365 4'],
    ],
  ),
  given('clock fields', fn.hour(ts).mul(10_000).add(fn.minute(ts).mul(100)).add(fn.second(ts)), { ts: timestamp }, [
    [[45_296_500_000n], 123_456],
    [[-1n], 235_959],
  ]),
  given('date_trunc', fn.date_trunc('week', ts), { ts: timestamp }, [
    [[0n], -259_200_000_000n],
    [[-1n], -259_200_000_000n],
    [[345_600_000_000n], 345_600_000_000n],
  ]),
  given('date_trunc hour', fn.date_trunc('hour', ts), { ts: timestamp }, [
    [[-1n], -3_600_000_000n],
    [[3_600_000_000n], 3_600_000_000n],
  ]),
  given('trunc and last_day', fn.datediff(fn.last_day(d), fn.trunc(d, 'quarter')), { d: date }, [[[12_107], 58]]),
  given('add_months', fn.add_months(d, a), { d: date, a: int32 }, [
    [[30, 1], 58],
    [[12_107, -26], 11_315],
    [[null, 1], null],
  ]),
  given('E-10: to_date by a pattern', fn.to_date(t, 'M/d/yyyy H:mm'), { t: string }, [
    [['2/24/2003 0:00'], 12_107],
    [['12/31/1999 23:59'], 10_956],
    [['2/30/2003 0:00'], badCast],
    [['2/24/2003'], badCast],
    [[null], null],
  ]),
  given('to_timestamp by a pattern', fn.to_timestamp(t, 'yyyy-MM-dd HH:mm:ss.SSS'), { t: string }, [
    [['1970-01-02 00:00:01.250'], 86_401_250_000n],
    [['1970-01-02 24:00:01.250'], badCast],
  ]),
  given('try_to_date', fn.try_to_date(t, 'yyyyMMdd'), { t: string }, [
    [['20030224'], 12_107],
    [['20031324'], null],
  ]),
  given('date_format', fn.date_format(ts, "yyyy-MM-dd'T'HH:mm EEE MMM"), { ts: timestamp }, [
    [[45_296_500_000n], '1970-01-01T12:34 Thu Jan'],
  ]),
  given('date arithmetic', d.add(a).sub(d), { d: date, a: int32 }, [
    [[12_107, 5], 5],
    [[2_147_483_647, 1], overflow],
  ]),
  given('make_date', fn.make_date(a, 2, 29), { a: int32 }, [
    [[2004], 12_477],
    [[2003], badArgument],
  ]),
]

const maths: readonly ExpressionCase[] = [
  given('powers and logarithms', fn.power(a, 2).add(fn.sqrt(a)).add(fn.exp(0)), { a: float64 }, [[[4], 19]]),
  given('logarithm of nothing is null', fn.ln(a), { a: float64 }, [
    [[0], null],
    [[-1], null],
    [[1], 0],
    [[NaN], NaN],
  ]),
  given('floor of a double', fn.floor(a), { a: float64 }, [
    [[-1.5], -2n],
    [[1e19], overflow],
    [[NaN], overflow],
  ]),
  given('round of a double', fn.round(a, 2), { a: float64 }, [
    [[1.005], 1.01],
    [[-2.675], -2.68],
    [[1e300], 1e300],
  ]),
]

export const expressionCases: readonly ExpressionCase[] = [
  ...arithmetic,
  ...decimals,
  ...casts,
  ...logic,
  ...texts,
  ...dates,
  ...maths,
]
