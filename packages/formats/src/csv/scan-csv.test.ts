import { describe, expect, it } from '@jest/globals'
import {
  boolean,
  date,
  decimal,
  field,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  schema,
  string,
  timestamp,
  timestampNtz,
  type DataType,
} from '@deltaworks/schema'
import type { CsvReadOptions } from './csv-options.js'
import { provenance, provenanceFields, readCsvText, textColumns } from './testing.js'

const ab = textColumns('a', 'b')
const texts = async (text: string, options: CsvReadOptions = {}, columns = ab): Promise<unknown[][]> =>
  (await readCsvText(text, columns, options)).rows

describe('E-23: dialects', () => {
  it('reads plain rows by header, in any order and case', async () => {
    expect(await texts('B,A\n1,2\n3,4\n')).toEqual([
      ['2', '1'],
      ['4', '3'],
    ])
  })

  it.each(['\n', '\r', '\r\n'])('M-008: ends lines with %j, the last one may be missing', async (end) => {
    const text = `a,b${end}1,"x${end}y"${end}${end}2,z`
    for (const lineSeparator of ['auto', end] as const) {
      expect(await texts(text, { lineSeparator: lineSeparator as '\n' })).toEqual([
        ['1', `x${end}y`],
        ['2', 'z'],
      ])
    }
  })

  it('reads mixed line ends', async () => {
    const { rows } = await readCsvText(
      'a\r\n1\r2\n\r\n3\n\r4\r\r5',
      schema([field('a', string), field('_line', int64)]),
      {},
      { virtualColumns: { _line: 'line' } },
    )
    expect(rows).toEqual([
      ['1', 2n],
      ['2', 3n],
      ['3', 5n],
      ['4', 7n],
      ['5', 9n],
    ])
  })

  it('keeps other line ends as text when one is declared', async () => {
    expect(await texts('a,b\n1\r2,3\n', { lineSeparator: '\n' })).toEqual([['1\r2', '3']])
    expect(await texts('a,b\r\n1\n2,3\r4\r\n', { lineSeparator: '\r\n' })).toEqual([['1\n2', '3\r4']])
  })

  it('M-008: an empty field is null, an empty quoted one is not, NA is a value', async () => {
    expect(await texts('a,b\n,""\nNA,null\n')).toEqual([
      [null, ''],
      ['NA', 'null'],
    ])
    expect(await texts('a,b\nNA,"NA"\n', { nullValues: ['NA', 'null'] })).toEqual([[null, 'NA']])
    expect(await texts('a,b\nNA,"NA"\n', { nullValues: ['NA'], nullsInQuotes: true })).toEqual([[null, null]])
    expect(await texts('a,b\n1,""\n', { emptyValue: null })).toEqual([['1', null]])
  })

  it('unescapes quotes, keeps those that open no field', async () => {
    expect(await texts('a,b\n"x ""y"" z",5" pipe\n"",""""\n')).toEqual([
      ['x "y" z', '5" pipe'],
      ['', '"'],
    ])
    expect(await texts('a,b\n"x \\"y\\" \\\\ ,",z\n', { escape: '\\' })).toEqual([['x "y" \\ ,', 'z']])
    expect(await texts("a,b\n'x,y',\"z\n", { quote: "'" })).toEqual([['x,y', '"z']])
    expect(await texts('a,b\n"x,y"\n', { quote: '' })).toEqual([['"x', 'y"']])
  })

  it('keeps text after a closing quote as it stands, up to the next separator', async () => {
    expect(await texts('a,b\n"x"y,"z"\n1,2\n')).toEqual([
      ['"x"y', 'z'],
      ['1', '2'],
    ])
  })

  it('takes separators of one character, of several, and of several bytes', async () => {
    expect(await texts('a;b\n1;"x;y"\n', { separator: ';' })).toEqual([['1', 'x;y']])
    expect(await texts('a||b\n1||"x||y"\n2|x||\n', { separator: '||' })).toEqual([
      ['1', 'x||y'],
      ['2|x', null],
    ])
    expect(await texts('a§b\n1§é\n', { separator: '§' })).toEqual([['1', 'é']])
  })

  it('leaves out comments, also with quotes in them', async () => {
    expect(await texts('# the "head\na,b\n1,#2\n#3,"4\n5,6\n', { comment: '#' })).toEqual([
      ['1', '#2'],
      ['5', '6'],
    ])
  })

  it('trims white space outside quotes on request', async () => {
    const text = 'a,b\n  x , " y " \n'
    expect(await texts(text)).toEqual([['  x ', ' " y " ']])
    expect(await texts(text, { trimLeading: true, trimTrailing: true })).toEqual([['x', ' y ']])
    // Only a quote that follows at once makes two of one.
    expect(await texts('a,b\n"," ",x\n', { trimTrailing: true })).toEqual([['," ', 'x']])
  })

  it.each([
    ['utf-16le', 'utf16le'],
    ['iso-8859-1', 'latin1'],
    ['windows-1252', 'latin1'],
  ] as const)('reads %s', async (encoding, nodeName) => {
    const bytes = Uint8Array.from(Buffer.from('a,b\né,"ñ,ü"\n', nodeName))
    expect((await readCsvText(bytes, ab, { encoding })).rows).toEqual([['é', 'ñ,ü']])
  })

  it('lets a byte order mark decide', async () => {
    expect(await texts('\ufeffa,b\n1,2\n')).toEqual([['1', '2']])
    const utf16 = Uint8Array.from(Buffer.from('\ufeffa,b\né,2\n', 'utf16le'))
    expect((await readCsvText(utf16, ab)).rows).toEqual([['é', '2']])
    expect((await readCsvText(Uint8Array.from(Buffer.from(utf16).swap16()), ab)).rows).toEqual([['é', '2']])
  })

  it('reads files without a header by names given, by schema, or by position', async () => {
    expect(await texts('1,2\n', { header: false, columnNames: ['b', 'a'] })).toEqual([['2', '1']])
    expect(await texts('1,2\n', { header: false, schema: ab })).toEqual([['1', '2']])
    expect(await texts('1,2\n3,4\n', { header: false }, textColumns('_c1'))).toEqual([['2'], ['4']])
  })

  it.each([
    [{ quote: '""' }, 'quote'],
    [{ separator: '' }, 'separator'],
    [{ mode: 'strict' as 'failfast' }, 'mode'],
    [{ comment: ',' }, 'comment'],
    [{ quote: 'é' }, 'quote'],
  ])('refuses %j', async (options, option) => {
    await expect(texts('a,b\n1,2\n', options)).rejects.toMatchObject({ code: 'DW-FORMAT-0030', details: { option } })
  })
})

describe('M-008: typed columns', () => {
  const cases: readonly [DataType, string, unknown, CsvReadOptions?][] = [
    [int8, '-128', -128],
    [int16, '+32767', 32767],
    [int32, ' -2147483648 ', -2147483648],
    [int64, '9223372036854775807', 9223372036854775807n],
    [int64, '0000000000000000000000000000007', 7n],
    [int64, '-9223372036854775808', -9223372036854775808n],
    [decimal(12, 2), '-1993', -199300n],
    [decimal(12, 2), '1.005', 101n],
    [decimal(12, 2), '-0.995', -100n],
    [decimal(12, 2), '.5', 50n],
    [decimal(12, 2), '5.', 500n],
    [decimal(12, 2), '1.5e3', 150000n],
    [decimal(12, 2), '9999999999.99', 999999999999n],
    [decimal(38, 10), '-1234567890123456789012345678.0123456789', -12345678901234567890123456780123456789n],
    [decimal(20, 0), '-5', -5n],
    [float64, '0.1', 0.1],
    [float64, '-1e-320', -1e-320],
    [float64, '123456789.123456789', 123456789.123456789],
    [float64, 'NaN', NaN],
    [float64, '-Infinity', -Infinity],
    [float32, '0.1', Math.fround(0.1)],
    [float32, '16777217', Math.fround(16777217)],
    [boolean, 'TRUE', true],
    [boolean, 'false', false],
    [date, '2024-02-29', 19782],
    [date, '1969-12-31', -1],
    [date, '2024-2-9', 19762],
    [date, '2/24/2003 0:00', 12107, { datePattern: 'M/d/yyyy H:mm' }],
    [date, '24.02.03', 12107, { datePattern: 'dd.MM.yy' }],
    [date, '20030224', 12107, { datePattern: 'yyyyMMdd' }],
    [date, '24 Feb 2003', 12107, { datePattern: 'd MMM yyyy' }],
    [timestamp, '2024-01-02T03:04:05.678901Z', 1704164645678901n],
    [timestamp, '2024-01-02 03:04', 1704164640000000n],
    [timestamp, '2024-01-02T03:04:05+02:00', 1704157445000000n],
    [timestamp, '2024-07-01 12:00:00', 1719828000000000n, { timezone: 'Europe/Berlin' }],
    [timestamp, '2024-07-01 12:00:00Z', 1719835200000000n, { timezone: 'Europe/Berlin' }],
    [timestamp, '1/2/2024 3:04 PM', 1704207840000000n, { timestampPattern: 'M/d/yyyy h:mm a' }],
    [timestampNtz, '1969-12-31 23:59:59.5', -500000n],
    [string, ' x ', ' x '],
  ]
  it.each(cases)('%j %s', async (type, text, value, options = {}) => {
    const { rows, metrics } = await readCsvText(`a\n${text}\n"${text}"\n`, schema([field('a', type)]), options)
    expect(rows).toEqual([[value], [value]])
    expect(metrics.malformedRows).toBe(0)
  })

  it.each([
    [int8, '128'],
    [int32, '2147483648'],
    [int64, '9223372036854775808'],
    [int32, '1.0'],
    [int32, 'x'],
    [decimal(4, 2), '100'],
    [decimal(4, 2), '99.995'],
    [decimal(4, 2), '1.2.3'],
    [decimal(4, 2), '-'],
    [float64, '1,5'.replace(',', '_')],
    [float64, '.'],
    [boolean, 'yes'],
    [date, '2023-02-29'],
    [date, '#ERROR!'],
    [timestamp, '2024-01-02 24:00:00'],
  ] as const)('%j refuses %s', async (type, text) => {
    const columns = schema([field('a', type), field('b', string), ...provenanceFields])
    const { rows, metrics } = await readCsvText(`a,b\n${text},kept\n`, columns, {}, { virtualColumns: provenance })
    expect(rows).toEqual([
      [null, 'kept', 2n, 4n, expect.stringContaining(`a: "${text}" is not a valid`), `${text},kept`],
    ])
    expect(metrics.malformedRows).toBe(1)
  })

  it('reads empty and blank values of other types than text as null', async () => {
    const columns = schema([field('a', int32), field('b', date)])
    expect((await readCsvText('a,b\n,\n"",""\n  ," "\n', columns)).rows).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ])
  })
})

describe('E-24: malformed rows', () => {
  const columns = schema([field('n', int32), field('t', string), ...provenanceFields])
  const read = (text: string | Uint8Array, options: CsvReadOptions = {}): ReturnType<typeof readCsvText> =>
    readCsvText(text, columns, options, { virtualColumns: provenance })

  it('O-03: keeps them with line, offset, reason and text', async () => {
    const { rows, metrics } = await read('n,t\n1,a\nx,b\n2\n3,c,d\n"4","e\nf"\nbad,"g"\n')
    expect(rows).toEqual([
      [1, 'a', 2n, 4n, null, null],
      [null, 'b', 3n, 8n, 'n: "x" is not a valid int', 'x,b'],
      [2, null, 4n, 12n, '2 fields expected, 1 found', '2'],
      [3, 'c', 5n, 14n, '2 fields expected, 3 found', '3,c,d'],
      [4, 'e\nf', 6n, 20n, null, null],
      [null, 'g', 8n, 30n, 'n: "bad" is not a valid int', 'bad,"g"'],
    ])
    expect(metrics).toMatchObject({ rowsScanned: 6, malformedRows: 4 })
  })

  it('drops them on request, and counts them', async () => {
    const { rows, metrics } = await read('n,t\n1,a\nx,b\n2\n3,c\n', { mode: 'dropmalformed' })
    expect(rows.map((row) => row.slice(0, 3))).toEqual([
      [1, 'a', 2n],
      [3, 'c', 5n],
    ])
    expect(metrics).toMatchObject({ rowsScanned: 2, malformedRows: 2 })
  })

  it('fails at the first on request', async () => {
    await expect(read('n,t\n1,a\nx,b\n2\n', { mode: 'failfast' })).rejects.toMatchObject({
      code: 'DW-FORMAT-0034',
      details: { path: 't.csv', line: 3, column: 'n', reason: 'n: "x" is not a valid int', rawRecord: 'x,b' },
    })
  })

  it('a quote that is never closed takes one line alone', async () => {
    const { rows } = await read('n,t\n1,a\n2,"b\n3,c\n4,d\n')
    expect(rows.map(([n, , line, , reason]) => [n, line, reason])).toEqual([
      [1, 2n, null],
      [2, 3n, 'a quote is not closed'],
      [3, 4n, null],
      [4, 5n, null],
    ])
    expect(rows[1]![5]).toBe('2,"b')
  })

  it('so does one that is closed beyond the limit', async () => {
    const { rows } = await read(`n,t\n1,"a\n${'2,b\n'.repeat(5000)}3,c"\n`, { maxRowBytes: 4096 })
    expect(rows).toHaveLength(5002)
    expect(rows.filter((row) => row[4] !== null).map((row) => row[2])).toEqual([2n])
  })

  it.each(['\n', '\r', '\r\n'])(
    'a row that is too long is one malformed row, with lines that end with %j',
    async (end) => {
      const limit = { maxRowBytes: 1001 }
      for (const length of [2000, 9_000_000]) {
        const row = `2,${'é'.repeat(length / 2)},`
        const text = ['n,t', '1,a', row, '', '3,b', row].join(end)
        const { rows } = await read(text, limit)
        const reason = 'the row is longer than 1001 bytes; its start is kept'
        const start = row.slice(0, 2 + 499)
        const offset = (lines: number): bigint =>
          BigInt(Buffer.byteLength(['n,t', '1,a', row, '', '3,b', row].slice(0, lines).join(end) + end))
        expect(rows).toEqual([
          [1, 'a', 2n, offset(1), null, null],
          [2, start.slice(2), 3n, offset(2), reason, start],
          [3, 'b', 5n, offset(4), null, null],
          [2, start.slice(2), 6n, offset(5), reason, start],
        ])
        expect((await read(text, { ...limit, mode: 'dropmalformed' })).rows).toHaveLength(2)
        await expect(read(text, { ...limit, mode: 'failfast' })).rejects.toMatchObject({ code: 'DW-FORMAT-0038' })
      }
    },
  )

  it('a header that is too long is refused', async () => {
    await expect(read(`n,t,${'c'.repeat(2000)}\n1,a,b\n`, { maxRowBytes: 1000 })).rejects.toMatchObject({
      code: 'DW-FORMAT-0038',
    })
  })

  it('tells text that is not UTF-8', async () => {
    const bytes = Uint8Array.from(
      Buffer.concat([Buffer.from('n,t\n1,é\n2,'), Buffer.from([0xe9, 0x78]), Buffer.from('\n3,c\n')]),
    )
    const { rows } = await read(bytes)
    expect(rows.map((row) => [row[0], row[1], row[4]])).toEqual([
      [1, 'é', null],
      [2, null, 't: the text is not valid UTF-8'],
      [3, 'c', null],
    ])
    expect(rows[1]![5]).toBe('2,\ufffdx')
  })

  it('judges rows by all columns of the declared schema, whichever are read', async () => {
    const declared = schema([field('n', int32), field('t', string)])
    const some = schema([field('t', string), field('_reason', string)])
    const { rows } = await readCsvText(
      'n,t\nx,a\n',
      some,
      { schema: declared },
      { virtualColumns: { _reason: 'corrupt_reason' } },
    )
    expect(rows).toEqual([['a', 'n: "x" is not a valid int']])
  })
})

describe('M-008: columns', () => {
  it('finds a column under several names, leaves out what is not required', async () => {
    const columns = { state: { names: ['state', 'province'] }, post: { names: ['zip', 'postal'], required: false } }
    expect(await texts('Province,x\nON,1\n', { columns }, textColumns('state', 'post'))).toEqual([['ON', null]])
  })

  it('names missing columns and what there is', async () => {
    await expect(texts('a,c\n1,2\n', { columns: { b: { names: ['b', 'B2'] } } })).rejects.toMatchObject({
      code: 'DW-FORMAT-0035',
      details: { path: 't.csv', columns: ['b or B2'], header: ['a', 'c'] },
    })
  })

  it('E-25: refuses or rescues undeclared columns', async () => {
    await expect(texts('a,b,c\n1,2,3\n', { extraColumns: 'error' })).rejects.toMatchObject({
      code: 'DW-FORMAT-0036',
      details: { columns: ['c'] },
    })
    const { rows } = await readCsvText('a,c,d\n1,x,\n2,,\n', textColumns('a', '_rescued_data'), {
      extraColumns: 'rescue',
    })
    expect(rows).toEqual([
      ['1', '{"c":"x"}'],
      ['2', null],
    ])
  })

  it('adds constants', async () => {
    const { rows } = await readCsvText('a\n1\n', textColumns('a', 'day'), {}, { constants: { day: '2024' } })
    expect(rows).toEqual([['1', '2024']])
  })

  it.each([
    ['', 'DW-FORMAT-0032'],
    ['\n\n', 'DW-FORMAT-0032'],
    ['PAR1....', 'DW-FORMAT-0033'],
    ['a,b\n1,\0\n', 'DW-FORMAT-0033'],
    ['"a,b\n1,2\n', 'DW-FORMAT-0033'],
    ['a,a,b\n1,2,3\n', 'DW-FORMAT-0040'],
  ])('refuses the file %j', async (text, code) => {
    await expect(texts(text)).rejects.toMatchObject({ code })
  })

  it('refuses a header with too many columns', async () => {
    await expect(texts('a,b,c\n', { maxColumns: 2 })).rejects.toMatchObject({ code: 'DW-FORMAT-0037' })
  })

  it('gives no rows for a header alone', async () => {
    expect(await texts('a,b')).toEqual([])
  })

  it('leaves out deleted rows', async () => {
    const { rows } = await readCsvText(
      'a\n0\n1\n2\n3\n',
      schema([field('a', string), field('i', int64)]),
      {},
      { deletedRows: Uint32Array.of(0, 2), virtualColumns: { i: 'row_index' } },
    )
    expect(rows).toEqual([
      ['1', 1n],
      ['3', 3n],
    ])
  })
})
