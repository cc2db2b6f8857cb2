import type { CsvReadOptions } from '@deltaworks/formats'
import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  schema,
  string,
  timestamp,
  type Field,
  type Schema,
} from '@deltaworks/schema'

/** A file that Spark reads by its options and we by ours. */
export interface CsvCase {
  readonly name: string
  readonly bytes: Uint8Array
  /** Names and Spark's types, as `a string, b int`. */
  readonly columns: string
  readonly spark: Readonly<Record<string, string>>
  readonly ours: CsvReadOptions
  /** Why the rows differ, where that is meant. */
  readonly differs?: string
}

const types: Readonly<Record<string, Field['type']>> = {
  string,
  int: int32,
  double: float64,
  boolean,
  date,
  timestamp,
  'decimal(12;2)': decimal(12, 2),
}

/** The columns as our schema. */
export const schemaOf = ({ columns }: CsvCase): Schema =>
  schema(
    columns.split(', ').map((column) => {
      const [name, type] = column.split(' ') as [string, string]
      return field(name, types[type]!)
    }),
  )

interface Given {
  readonly columns?: string
  readonly spark?: Readonly<Record<string, string>>
  readonly ours?: CsvReadOptions
  readonly differs?: string
}

function of(name: string, content: string | Uint8Array, given: Given = {}): CsvCase {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  // Spark's defaults are others than ours: no header, and a backslash that escapes.
  return {
    name,
    bytes,
    columns: given.columns ?? 'a string, b string',
    spark: { header: 'true', multiLine: 'true', ...given.spark },
    ours: { escape: '\\', ...given.ours },
    ...(given.differs === undefined ? {} : { differs: given.differs }),
  }
}

const utf16 = (text: string): Uint8Array => Uint8Array.from([0xff, 0xfe, ...Buffer.from(text, 'utf16le')])

/** A case an option of Spark's CSV reader. */
export const csvCases: readonly CsvCase[] = [
  of('plain', 'a,b\n1,x\n2,\n,y\n'),
  of('sep of one character', 'a;b\n1;x,y\n', { spark: { sep: ';' }, ours: { separator: ';' } }),
  of('sep of a tabulator', 'a\tb\n1\tx\n', { spark: { sep: '\t' }, ours: { separator: '\t' } }),
  of('sep of three characters', 'a<|>b\n1<|>x|y\n"p<|>q"<|>2\n', { spark: { sep: '<|>' }, ours: { separator: '<|>' } }),
  of('quote', "a,b\n'x,y',1\n'it''s',2\n\"p,3\n", {
    spark: { quote: "'", escape: "'" },
    ours: { quote: "'", escape: "'" },
  }),
  of('quotes doubled', 'a,b\n"x ""y"" z",1\n', { spark: { escape: '"' }, ours: { escape: '"' } }),
  of('no quote', 'a,b\n"x,"1\n', { spark: { quote: '' }, ours: { quote: '' } }),
  of('escape', 'a,b\n"x \\"y\\" z",1\n"p\\\\",2\n"n\\n",3\n'),
  of('escape of another character', 'a,b\n"x |"y|"",1\n', { spark: { escape: '|' }, ours: { escape: '|' } }),
  of('comment', 'a,b\n#c,d\n1,#x\n# \n2,y\n', { spark: { comment: '#' }, ours: { comment: '#' } }),
  of('no header', '1,x\n2,y\n', { spark: { header: 'false' }, ours: { header: false, columnNames: ['a', 'b'] } }),
  of('multiLine', 'a,b\n"x\ny",1\n"p\n\nq",2\n'),
  of('single lines', 'a,b\n1,x\n2,y\n', { spark: { multiLine: 'false' }, ours: { multiLine: false } }),
  of('lineSep \\r\\n', 'a,b\r\n1,x\r\n2,y\r\n'),
  of('lineSep \\r', 'a,b\r1,x\r2,y\r', { spark: { lineSep: '\r' }, ours: { lineSeparator: '\r' } }),
  of('lineSep of single lines, mixed', 'a,b\n1,x\r\n2,y\r3,z\n', {
    spark: { multiLine: 'false' },
    ours: { multiLine: false },
  }),
  of('encoding ISO-8859-1', Uint8Array.from([...Buffer.from('a,b\n1,'), 0xe9, 10]), {
    spark: { encoding: 'ISO-8859-1' },
    ours: { encoding: 'iso-8859-1' },
  }),
  of('encoding UTF-16', utf16('a,b\n1,é😀\n'), { spark: { encoding: 'UTF-16' }, ours: { encoding: 'utf-16le' } }),
  of('a byte order mark', Uint8Array.from([0xef, 0xbb, 0xbf, ...Buffer.from('a,b\n1,x\n')])),
  of('nullValue', 'a,b\nNA,x\n"NA",y\nN,z\n', {
    spark: { nullValue: 'NA' },
    ours: { nullValues: ['NA'], nullsInQuotes: true },
  }),
  of('emptyValue null', 'a,b\n"",x\n,y\n', { ours: { emptyValue: null } }),
  of('emptyValue by default', 'a,b\n"",x\n,y\n', {
    differs: 'what is quoted and empty is an empty text here, and null for Spark, which writes null without quotes',
  }),
  of('nanValue, positiveInf, negativeInf', 'a,b\nn/a,max\n1.5,min\nn/a,2\n', {
    columns: 'a double, b double',
    spark: { nanValue: 'n/a', positiveInf: 'max', negativeInf: 'min' },
    ours: { nanValue: 'n/a', positiveInf: 'max', negativeInf: 'min' },
  }),
  of('numbers', 'a,b\n1,1.5\n-7,-1e3\n+3,.5\n2147483648,1\nx,1\n1.0,1\n', { columns: 'a int, b double' }),
  of('numbers with blanks', 'a,b\n 4 , 2.5 \n', {
    columns: 'a int, b double',
    differs:
      'blanks around a number do not make its row malformed here; Spark reads null unless it is told to ignore them',
  }),
  of('decimals', 'a,b\n1.005,x\n-0.5,y\n12345678901,z\n1e2,w\n', { columns: 'a decimal(12;2), b string' }),
  of('booleans', 'a,b\ntrue,1\nFALSE,2\nyes,3\n1,4\n', { columns: 'a boolean, b string' }),
  of('ignoreLeadingWhiteSpace, ignoreTrailingWhiteSpace', 'a,b\n  x , y \n" p ", "q" \n', {
    spark: { ignoreLeadingWhiteSpace: 'true', ignoreTrailingWhiteSpace: 'true' },
    ours: { trimLeading: true, trimTrailing: true },
  }),
  of('white space stays', 'a,b\n  x , y \n', {
    spark: { ignoreLeadingWhiteSpace: 'false', ignoreTrailingWhiteSpace: 'false' },
  }),
  of('dates', 'a,b\n2024-02-29,2024-02-29\n2024-2-9,x\n,y\n', { columns: 'a date, b string' }),
  of('dateFormat', 'a,b\n29/02/2024,x\n31/02/2024,y\n', {
    columns: 'a date, b string',
    spark: { dateFormat: 'dd/MM/yyyy' },
    ours: { datePattern: 'dd/MM/yyyy' },
  }),
  of(
    'timestamps',
    'a,b\n2024-02-29 12:34:56.5,x\n2024-02-29T12:34:56Z,y\n2024-02-29T12:34:56+02:00,z\n2024-02-29,w\n',
    {
      columns: 'a timestamp, b string',
    },
  ),
  of('timestampFormat', 'a,b\n4/20/2022 9:05,x\n13/1/2022 0:00,y\n', {
    columns: 'a timestamp, b string',
    spark: { timestampFormat: 'M/d/yyyy H:mm' },
    ours: { timestampPattern: 'M/d/yyyy H:mm' },
  }),
  of('timeZone', 'a,b\n2024-07-01 12:00:00,x\n2024-01-01 12:00:00,y\n', {
    columns: 'a timestamp, b string',
    spark: { timeZone: 'Europe/Berlin' },
    ours: { timezone: 'Europe/Berlin' },
  }),
  of('locale', 'a;b\n"1.234,56";x\n-0,5;y\n', {
    columns: 'a decimal(12;2), b string',
    spark: { sep: ';', locale: 'de-DE' },
    ours: { separator: ';', locale: 'de-DE' },
  }),
  of('mode PERMISSIVE', 'a,b\n1,x\nz,y\n2\n3,p,q\n', { columns: 'a int, b string' }),
  of('mode DROPMALFORMED', 'a,b\n1,x\nz,y\n2\n3,p,q\n', {
    columns: 'a int, b string',
    spark: { mode: 'DROPMALFORMED' },
    ours: { mode: 'dropmalformed' },
  }),
  of('mode FAILFAST', 'a,b\n1,x\nz,y\n', {
    columns: 'a int, b string',
    spark: { mode: 'FAILFAST' },
    ours: { mode: 'failfast' },
  }),
  of('unescapedQuoteHandling STOP_AT_DELIMITER', 'a,b\n"x"y,1\n"x"y,z",2\n'),
  of('unescapedQuoteHandling STOP_AT_CLOSING_QUOTE', 'a,b\n"x"y,z",1\n', {
    spark: { unescapedQuoteHandling: 'STOP_AT_CLOSING_QUOTE' },
    ours: { unescapedQuoteHandling: 'stop_at_closing_quote' },
  }),
  of('unescapedQuoteHandling SKIP_VALUE', 'a,b\n"x"y,1\nz,2\n', {
    spark: { unescapedQuoteHandling: 'SKIP_VALUE' },
    ours: { unescapedQuoteHandling: 'skip_value' },
  }),
  of('maxColumns', 'a,b\n1,2,3,4,5\n', {
    spark: { maxColumns: '4', mode: 'FAILFAST' },
    ours: { maxColumns: 4, mode: 'failfast' },
  }),
  of('maxCharsPerColumn', 'a,b\nabcde,2\n', {
    spark: { maxCharsPerColumn: '4', mode: 'FAILFAST' },
    ours: { maxCharsPerColumn: 4, mode: 'failfast' },
  }),
  of('empty lines', 'a,b\n\n1,x\n\n\n2,y\n\n'),
  of('no line end at the end', 'a,b\n1,x\n2,y'),
]
