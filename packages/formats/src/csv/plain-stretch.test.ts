import { unlimited } from '@deltaworks/columnar'
import { MemoryStore } from '@deltaworks/storage'
import { csvDialect, type CsvReadOptions } from './csv-options.js'
import { PlainStretch, type RowStart } from './plain-stretch.js'
import { testContext } from './testing.js'

const start: RowStart = { offset: 0, line: 1, row: 0 }

/** The first row at or behind `wanted` as line ends tell it. */
async function rowAt(text: string, wanted: number, options: CsvReadOptions = {}): Promise<RowStart | null> {
  const bytes = new TextEncoder().encode(text)
  const store = new MemoryStore('plain')
  await store.put('t.csv', bytes, 'overwrite')
  const context = testContext()
  const file = { store, path: 't.csv', sizeBytes: bytes.byteLength }
  const plain = PlainStretch.create(context, unlimited, file, csvDialect(options))!
  try {
    return await plain.rowAt(start, wanted)
  } finally {
    plain.close()
    expect(context.heap.usedBytes).toBe(0)
  }
}

describe('E-25: rows found by counting line ends', () => {
  const quoted = ['a,"b\n\nb"', '"x ""y"", z",1', '', '"c\r\nd","e"', 'f,g', 'h,i']

  it.each(['\n', '\r\n'])('goes over quotes that stand where they should, with lines ending in %j', async (end) => {
    const text = `${quoted.join(end)}${end}`
    const last = text.indexOf('h,i')
    // Three line ends within quotes are lines, not rows; the empty line is a line and no row.
    expect(await rowAt(text, last)).toEqual({ offset: last, line: 9, row: 4 })
    // A line end within quotes begins nothing.
    expect(await rowAt(text, 6)).toEqual({ offset: text.indexOf('"x '), line: 4, row: 1 })
  })

  it('goes over many pieces with quotes across their ends', async () => {
    const row = `1,"${'line\n'.repeat(50)}","${'z'.repeat(37)}"\n`
    const count = Math.ceil(3_000_000 / row.length)
    const wanted = row.length * (count - 1) - 5
    expect(await rowAt(row.repeat(count), wanted)).toEqual({
      offset: row.length * (count - 1),
      line: 1 + 51 * (count - 1),
      row: count - 1,
    })
  })

  it.each([
    ['a quote within a field', 'a,it"s\n1,2\n3,4\n', {}],
    ['text behind a closing quote', 'a,"b"c\n1,2\n3,4\n', {}],
    ['a lone return', 'a,b\r1,2\n3,4\n', {}],
    ['a quote where escapes may be', 'a,"b"\n1,2\n3,4\n', { escape: '\\' }],
    ['a quote where lines are records', 'a,"b"\n1,2\n3,4\n', { multiLine: false }],
    ['a quote beside separators of several bytes', 'a::"b"\n1::2\n3::4\n', { separator: '::' }],
    ['a quote that is not closed in time', `a,"${'b'.repeat(3 << 20)}"\n1,2\n3,4\n`, {}],
  ])('leaves to the scanner %s', async (_, text, options) => {
    expect(await rowAt(text, text.length - 5, options)).toBeNull()
    expect(await rowAt(text.replaceAll(/["'\r]/g, ''), text.length - 9, options)).not.toBeNull()
  })
})
