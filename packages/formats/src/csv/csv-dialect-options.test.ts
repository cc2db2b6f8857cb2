import { boolean, date, decimal, field, float64, int32, int64, schema, string, timestamp } from '@deltaworks/schema'
import { describe, expect, it } from '@jest/globals'
import { MemoryStore } from '@deltaworks/storage'
import { inferCsvSchema } from './infer-csv.js'
import { poison } from '../testing/hostile-files.js'
import { provenance, readCsvText, textColumns, testContext } from './testing.js'

const why = { why: provenance['_reason']! } as const

describe('E-23: what a dialect says of fields', () => {
  const columns = schema([field('a', string), field('b', string), field('why', string)])
  const read = async (text: string, options: object) =>
    (await readCsvText(text, columns, options, { virtualColumns: why })).rows

  it('text behind a closing quote', async () => {
    const text = 'a,b\n"x"y,1\n"p""q",2\n'
    expect(await read(text, {})).toEqual([
      ['"x"y', '1', null],
      ['p"q', '2', null],
    ])
    const toQuote = await read('a,b\n"x"y,z",1\n', { unescapedQuoteHandling: 'stop_at_closing_quote' })
    expect(toQuote).toEqual([['x"y,z', '1', null]])
    expect((await read(text, { unescapedQuoteHandling: 'skip_value' })).map(([a, b]) => [a, b])).toEqual([
      [null, '1'],
      ['p"q', '2'],
    ])
    const raised = await read(text, { unescapedQuoteHandling: 'raise_error' })
    expect(raised.map((row) => row[2])).toEqual([expect.stringContaining('not escaped'), null])
    await expect(read(text, { unescapedQuoteHandling: 'other' })).rejects.toMatchObject({ code: 'DW-FORMAT-0030' })
  })

  it('records that do not go over lines', async () => {
    const text = 'a,b\n"x\ny",1\n'
    expect(await read(text, {})).toEqual([['x\ny', '1', null]])
    expect(await read(text, { multiLine: false })).toEqual([
      ['"x', null, expect.stringContaining('2 fields expected')],
      ['y"', '1', null],
    ])
  })

  it('fields that are too long', async () => {
    const rows = await read('a,b\nabcd,1\nabcde,2\n', { maxCharsPerColumn: 4 })
    expect(rows.map((row) => row[2])).toEqual([null, expect.stringContaining('5 characters, more than 4')])
  })
})

describe('E-23: what a dialect says of values', () => {
  it('words for numbers that are none, and for booleans, whatever the memory held before', async () => {
    await readCsvText('a,b\n1,2\n', textColumns('a', 'b'))
    poison(testContext(), 0xff)
    const { rows } = await readCsvText(
      'f,b\nn/a,Y\nmax,N\nmin,x\n1.5,\nNaN,y\n',
      schema([field('f', float64), field('b', boolean)]),
      { nanValue: 'n/a', positiveInf: 'max', negativeInf: 'min', trueValues: ['y'], falseValues: ['n'] },
    )
    expect(rows).toEqual([
      [NaN, true],
      [Infinity, false],
      [-Infinity, null],
      [1.5, null],
      [NaN, true],
    ])
  })

  it('numbers of another locale', async () => {
    const columns = schema([field('d', decimal(12, 2)), field('f', float64), field('n', int64), field('t', string)])
    const { rows } = await readCsvText('d;f;n;t\n1.234,56;-0,5;12.345;1.2\nNA;1;;x\n', columns, {
      separator: ';',
      locale: 'de-DE',
      nullValues: ['NA'],
    })
    expect(rows).toEqual([
      [123_456n, -0.5, 12_345n, '1.2'],
      [null, 1, null, 'x'],
    ])
    await expect(readCsvText('d\n1\n', columns, { locale: 'no such locale' })).rejects.toMatchObject({
      code: 'DW-FORMAT-0030',
    })
  })

  it('E-25: columns by their positions', async () => {
    const { rows } = await readCsvText('x,y\n1,2\n', textColumns('a', 'b'), { enforceSchema: true })
    expect(rows).toEqual([['1', '2']])
  })
})

describe('E-24: malformed rows beside the data', () => {
  it('are left out and written with file, line, offset and reason', async () => {
    const columns = schema([field('n', int32)])
    const { rows, store } = await readCsvText('n\n1\nx\n3\n', columns, { badRecordsPath: 'bad' })
    expect(rows).toEqual([[1], [3]])
    const text = new TextDecoder().decode(await store.get('bad/t.csv-0.json'))
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ path: expect.any(String), record: 'x', reason: 'n: "x" is not a valid int', line: 3, byteOffset: 4 }])
  })
})

describe('E-25: inference', () => {
  const infer = async (text: string, options: object) => {
    const store = new MemoryStore('memory://infer')
    await store.put('i.csv', new TextEncoder().encode(text), 'overwrite')
    return (await inferCsvSchema(store, 'i.csv', options)).fields.map(({ type }) => type)
  }

  it('hears samplingRatio, preferDate and the locale', async () => {
    expect(await infer('d\n2024-01-01\n', {})).toEqual([date])
    expect(await infer('d\n2024-01-01\n', { preferDate: false })).toEqual([timestamp])
    expect(await infer('n;x\n1.234,5;1\n', { separator: ';', locale: 'de' })).toEqual([float64, int32])
    const late = `n\n${'1\n'.repeat(40_000)}x\n`
    expect(await infer(late, {})).toEqual([int32])
    expect(await infer(late, { samplingRatio: 1 })).toEqual([string])
    await expect(infer('n\n1\n', { samplingRatio: 0 })).rejects.toMatchObject({ code: 'DW-FORMAT-0030' })
  })
})
