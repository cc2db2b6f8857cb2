import { batchToRows, unlimited } from '@deltaworks/columnar'
import { describe, expect, it } from '@jest/globals'
import {
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  list,
  map,
  schema,
  string,
  struct,
  timestamp,
  variant,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { provenance, provenanceFields, testContext } from '../csv/testing.js'
import { fileScan, scanMetrics, type FileScan } from '../file-scan.js'
import type { JsonReadOptions } from './json-options.js'
import { scanJson } from './scan-json.js'

async function read(
  text: string | Uint8Array,
  columns: Schema,
  options: JsonReadOptions = {},
  overrides: Partial<FileScan> = {},
) {
  const store = new MemoryStore('json')
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  await store.put('t.json', bytes, 'overwrite')
  const metrics = scanMetrics()
  const rows: Value[][] = []
  const scan = fileScan({ store, path: 't.json', sizeBytes: bytes.byteLength, schema: columns, ...overrides })
  const { heap } = testContext()
  for await (const batch of scanJson(testContext(), unlimited, scan, options, metrics))
    rows.push(...batchToRows(heap, batch))
  return { rows, metrics }
}

const nt = schema([field('n', int64), field('t', string)])

describe('E-26: JSON lines', () => {
  it('M-009: reads objects, members in any order, missing ones as null', async () => {
    const { rows } = await read('{"n":1,"t":"a"}\r\n\n{"T":"b"}\n{"t":null,"n":3,"x":0}', nt)
    expect(rows).toEqual([
      [1n, 'a'],
      [null, 'b'],
      [3n, null],
    ])
  })

  it('keeps big numbers exact', async () => {
    const columns = schema([field('n', int64), field('d', decimal(38, 10)), field('t', string), field('v', variant)])
    const { rows } = await read(
      '{"n":9223372036854775807,"d":1234567890123456789012345678.0123456789,"t":12345678901234567890.10,"v":{"a": 1e400}}\n{"n":"5","d":1.5e2,"t":1.50,"v":[1]}',
      columns,
    )
    expect(rows).toEqual([
      [9223372036854775807n, 12345678901234567890123456780123456789n, '12345678901234567890.10', '{"a":1e400}'],
      [5n, 1500000000000n, '1.50', '[1]'],
    ])
  })

  it('reads nested values, dates by pattern', async () => {
    const columns = schema([
      field('l', list(int32)),
      field('s', struct([field('a', int32), field('b', string)])),
      field('m', map(string, float64)),
      field('d', date),
      field('z', timestamp),
    ])
    const { rows } = await read(
      '{"l":[1,null,3],"s":{"b":"x"},"m":{"k":1.5},"d":"2/24/2003","z":"1970-01-01T00:00:01Z"}',
      columns,
      { datePattern: 'M/d/yyyy' },
    )
    expect(rows).toEqual([[[1, null, 3], [null, 'x'], [['k', 1.5]], 12107, 1000000n]])
  })

  it('E-24: keeps malformed rows with their line, offset, reason and text', async () => {
    const columns = schema([...nt.fields, ...provenanceFields])
    const text = '{"n":1}\n{"n":"x","t":"kept"}\nnot json\n[1]\n{"n":1.5}\n'
    const { rows, metrics } = await read(text, columns, {}, { virtualColumns: provenance })
    expect(rows).toEqual([
      [1n, null, 1n, 0n, null, null],
      [null, 'kept', 2n, 8n, 'n: "x" is not a valid bigint', '{"n":"x","t":"kept"}'],
      [null, null, 3n, 29n, expect.stringContaining('no valid JSON'), 'not json'],
      [null, null, 4n, 38n, 'the record is not a JSON object', '[1]'],
      [null, null, 5n, 42n, 'n: 1.5 is not a valid bigint', '{"n":1.5}'],
    ])
    expect(metrics).toMatchObject({ rowsScanned: 5, malformedRows: 4 })
    expect((await read(text, nt, { mode: 'dropmalformed' })).rows).toEqual([[1n, null]])
    await expect(read(text, nt, { mode: 'failfast' })).rejects.toMatchObject({
      code: 'DW-FORMAT-0034',
      details: { line: 2, column: 'n' },
    })
  })

  it('tells text that is not UTF-8', async () => {
    const bytes = Uint8Array.from(
      Buffer.concat([Buffer.from('{"t":"'), Buffer.from([0xff]), Buffer.from('"}\n{"t":"b"}\n')]),
    )
    const columns = schema([field('t', string), field('_reason', string)])
    expect((await read(bytes, columns, {}, { virtualColumns: { _reason: 'corrupt_reason' } })).rows).toEqual([
      [null, 'the text is not valid UTF-8'],
      ['b', null],
    ])
  })

  it('reads ranges: each row once, whatever the cut', async () => {
    const text = Array.from({ length: 50 }, (_, i) => `{"n":${i}}`).join('\n')
    const whole = (await read(text, nt)).rows
    for (let cut = 1; cut < text.length; cut += 7) {
      const first = await read(text, nt, {}, { byteRange: { start: 0, end: cut } })
      const second = await read(text, nt, {}, { byteRange: { start: cut, end: text.length } })
      expect([...first.rows, ...second.rows]).toEqual(whole)
    }
  })

  it('finds members under several names and rescues undeclared ones', async () => {
    const columns = schema([field('state', string), field('_rescued_data', string)])
    const options: JsonReadOptions = { columns: { state: { names: ['state', 'province'] } }, extraColumns: 'rescue' }
    expect((await read('{"province":"ON","x":{"y":1}}', columns, options)).rows).toEqual([['ON', '{"x":{"y":1}}']])
  })

  it('reads lines longer than its window', async () => {
    const long = 'x'.repeat(3_000_000)
    expect((await read(`{"n":1,"t":"${long}"}\n{"n":2}\n`, nt)).rows).toEqual([
      [1n, long],
      [2n, null],
    ])
  })

  it('M-009 M-019: passes over lines that are too long, in windows of any size, and keeps their starts', async () => {
    const columns = schema([field('n', int64), ...provenanceFields])
    const long = (bytes: number): string => `{"t":"${'é'.repeat(bytes / 2)}"}`
    for (const bytes of [2000, 3_000_000]) {
      const text = `{"n":1}\n${long(bytes)}\n\n{"n":2}\n${long(bytes)}`
      const lenient: JsonReadOptions = { maxRowBytes: 1001 }
      const { rows } = await read(text, columns, lenient, { virtualColumns: provenance })
      const offset = Buffer.byteLength(`${long(bytes)}\n\n{"n":2}\n`)
      const reason = 'the row is longer than 1001 bytes; its start is kept'
      const start = long(bytes).slice(0, 6 + 497)
      expect(rows).toEqual([
        [1n, 1n, 0n, null, null],
        [null, 2n, 8n, reason, start],
        [2n, 4n, BigInt(offset), null, null],
        [null, 5n, BigInt(offset + 8), reason, start],
      ])
      expect((await read(text, nt, { ...lenient, mode: 'dropmalformed' })).rows).toHaveLength(2)
      await expect(read(text, nt, { ...lenient, mode: 'failfast' })).rejects.toMatchObject({
        message: expect.stringContaining('line 2'),
      })
    }
  })
})

describe('E-26: JSON documents', () => {
  it('M-009: reads an array over many lines', async () => {
    const columns = schema([...nt.fields, ...provenanceFields])
    const { rows } = await read(
      '[\n  {"n": 1, "t": "é"},\n  {\n "n": 2 }\n]\n',
      columns,
      {},
      { virtualColumns: provenance },
    )
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      [1n, 'é', 2n, 4n],
      [2n, null, 3n, 27n],
    ])
  })

  it('reads a single object, an empty array', async () => {
    expect((await read('{\n"n": 1\n}', nt, { form: 'document' })).rows).toEqual([[1n, null]])
    expect((await read('[ ]', nt)).rows).toEqual([])
  })

  it.each([
    ['', 'DW-FORMAT-0032'],
    ['PAR1xxxx', 'DW-FORMAT-0033'],
  ])('refuses the file %j', async (text, code) => {
    await expect(read(text, nt)).rejects.toMatchObject({ code })
  })
})
