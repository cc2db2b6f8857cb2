/** A SELECT that Spark and we must answer alike: one column of text. */
export interface Question {
  readonly name: string
  readonly sql: string
}

/** What is answered otherwise, and why that is right. */
export interface Justified {
  readonly why: string
  readonly applies: (question: string, input: string) => boolean
}

const texts = [
  ...['', ' ', '0', '1', '-1', '+1', ' 42 ', '007', '127', '128', '-128', '-129', '255', '32767', '32768'],
  ...['2147483647', '2147483648', '-2147483648', '9223372036854775807', '9223372036854775808', '-9223372036854775808'],
  ...[
    '1.5',
    '-1.5',
    '.5',
    '5.',
    '1e3',
    '1E-3',
    '1.e2',
    '1e400',
    '-1e400',
    '1e-400',
    'NaN',
    'nan',
    'Infinity',
    '-infinity',
  ],
  ...['inf', '+Inf', '0x10', '1_000', '1,000', '12a', 'abc', '1d', '1f', '1L', '1 2', '--1', '+-1', '\t7\n'],
  ...['true', 'TRUE', 't', 'yes', 'y', 'false', 'F', 'no', 'n', 'tru', 'on', 'off', 'é', '٣'],
  ...['12345678901234567890123456789012345678', '0.00000000000000000000000000000000000001', '999.995', '-999.995'],
  ...['99999999.99', '1.005', '2.345', '-2.345', '2024', '2024-02', '2024-02-29', '2023-02-29', '2024-2-9'],
  ...['0001-01-01', '9999-12-31', '10000-01-01', '+12345-01-01', '-0001-01-01', '2024-02-29 ', ' 2024-02-29'],
  ...['2024-02-29T', '2024-02-29T12', '2024-02-29 12:34', '2024-02-29 12:34:56', '2024-02-29T12:34:56.123456789'],
  ...['2024-02-29 12:34:56.', '2024-02-29 12:34:56Z', '2024-02-29 12:34:56+02:00', '2024-02-29 12:34:56 Europe/Berlin'],
  ...['2024-02-29 12:34:56 Europe/Nowhere', '2024-02-29 24:00:00', '2024-02-29 12:60:00', '12:34:56', '20240229'],
  ...['2024/02/29', '2024-02-29 1:2:3', 'now', 'epoch'],
]

const numbers: Readonly<Record<string, readonly string[]>> = {
  boolean: ['true', 'false'],
  tinyint: ['0', '1', '-1', '127', '-128'],
  smallint: ['0', '128', '-129', '32767', '-32768'],
  int: ['0', '1', '-1', '127', '128', '-129', '32768', '2147483647', '-2147483648'],
  bigint: ['0', '300', '-40000', '3000000000', '16777217', '9007199254740993', '9223372036854775807'],
  real: ['0', '-0', '1.5', '-1.5', '2.5', '0.1', '1e10', '3.4e38', '1e-40', '16777217', '123456.79', 'NaN', 'Infinity'],
  double: ['0', '-0', '1.5', '-1.5', '2.5', '0.1', '1e10', '1e-5', '123456789.125', '1e16', '1e300', '5e-324', 'NaN'],
  'decimal(10,2)': ['0.00', '1.50', '2.55', '-2.55', '99999999.99', '127.99'],
  'decimal(38,10)': ['0', '1.5', '0.00000000005', '-9999999999999999999999999999.9999999999', '1234567890.0123456789'],
  date: ['2024-02-29', '0001-01-01', '1582-10-10', '9999-12-31'],
  timestamp: ['2024-02-29 12:34:56.123456', '1969-12-31 23:59:59.999999', '0001-01-01', '9999-12-31 23:59:59.999999'],
  timestamp_ntz: ['2024-02-29 12:34:56.1', '1969-12-31 23:59:59.999999'],
}

const types = [
  ...['boolean', 'tinyint', 'smallint', 'int', 'bigint', 'real', 'double', 'decimal(5,2)', 'decimal(10,0)'],
  ...['decimal(38,18)', 'decimal(38,0)', 'date', 'timestamp', 'timestamp_ntz', 'binary', 'string'],
]

const quoted = (text: string): string => `'${text.trim() === '' ? text : text.replaceAll(/[\t\n]/g, '')}'`
/** White space other than blanks is made by chr, as dialects write it differently in texts. */
const literal = (text: string): string => (text.includes('\t') ? `chr(9) || ${quoted(text)} || chr(10)` : quoted(text))

const values = (all: readonly string[]): string => all.map((text, i) => `(${i}, ${literal(text)})`).join(', ')

/** Casts of every type from every type, lenient: what Spark refuses is null; a pair of types that it refuses is an error. */
export const casts = (): Question[] =>
  Object.entries({ string: texts, ...numbers }).flatMap(([from, inputs]) =>
    types.map((to) => ({
      name: `cast ${from} to ${to}`,
      sql: `select cast(try_cast(cast(x as ${from}) as ${to}) as string) as v from (values ${values(inputs)}) as t(i, x) order by i`,
    })),
  )

/** What stands at a row of the answer to a cast. */
export const castInput = (name: string, row: number): string =>
  ({ string: texts, ...numbers })[/^cast (.+) to /.exec(name)![1]!]![row] ?? ''

const hashFunctions = ['md5(cast(x as binary))', 'sha1(cast(x as binary))', 'sha2(cast(x as binary), 256)']

/** Texts that no cast reads otherwise than Spark. */
const agreed = texts.filter((text) => text !== '٣' && text !== '12:34:56')

/** Hashes of values of every type, alone and mixed, with nulls among them. */
export const hashes = (): Question[] => [
  ...Object.entries({ string: texts, ...numbers }).map(([type, inputs]) => ({
    name: `xxhash64 of ${type}`,
    sql: `select cast(xxhash64(try_cast(x as ${type})) as string) as v from (values ${values([...inputs, 'null'])}) as t(i, x) order by i`,
  })),
  {
    name: 'xxhash64 of rows of mixed types',
    sql: `select cast(xxhash64(x, try_cast(x as int), try_cast(x as double), try_cast(x as decimal(38,18)), try_cast(x as date),
      try_cast(x as timestamp), try_cast(x as boolean), try_cast(x as bigint), i) as string) as v
      from (values ${values(agreed)}) as t(i, x) order by i`,
  },
  {
    name: 'xxhash64 of lists and structs',
    sql: `select cast(xxhash64(array(x, null, 'z'), struct(i, x), array(i, i + 1)) as string) as v
      from (values ${values(texts)}) as t(i, x) order by i`,
  },
  ...[...hashFunctions, 'crc32(cast(x as binary))'].map((call) => ({
    name: call,
    sql: `select cast(${call} as string) as v from (values ${values(texts)}) as t(i, x) order by i`,
  })),
]

const isCast = (from: RegExp, to: RegExp) => (name: string) => {
  const match = /^cast (.+) to (.+)$/.exec(name)
  return match !== null && from.test(match[1]!) && to.test(match[2]!)
}

/** Differences that stay, each with its reason. */
export const justified: readonly Justified[] = [
  {
    why: 'a float as text: Java before version 19 does not write the fewest digits that give it again (JDK-4511638), we do',
    applies: isCast(/./, /^real$/),
  },
  {
    why: 'an instant beyond the 64-bit range is null or an error here; Spark clips it, or lets it wrap round',
    applies: isCast(/^(bigint|decimal.*)$/, /^timestamp$/),
  },
  {
    why: 'digits of other scripts are none here; Java reads them in decimals, and Spark itself does not in integers',
    applies: (name, input) => isCast(/^string$/, /^decimal/)(name) && input === '٣',
  },
  {
    why: 'years of more than four digits are written without the sign that Spark puts before them: databases that are sent them know none',
    applies: (name, input) => isCast(/^string$/, /^(date|timestamp.*)$/)(name) && /^\+?\d{5}(-|$)/.test(input),
  },
  {
    why: 'a time of day alone is no moment here; Spark takes the day on which the query runs',
    applies: (name, input) => isCast(/^string$/, /^timestamp$/)(name) && input === '12:34:56',
  },
]
