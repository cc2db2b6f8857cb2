import { batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import {
  decimal,
  field,
  float64,
  int64,
  list,
  map,
  string,
  struct,
  timestamp,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import fc from 'fast-check'
import { canonicalLine } from '../canonical-line.js'
import { fileScan, type FileScan } from '../file-scan.js'
import { tableOf } from '../testing/random-tables.js'
import { inferJsonSchema } from './infer-json.js'
import type { JsonReadOptions } from './json-options.js'
import { scanJson } from './scan-json.js'

const context = createContext()
const store = new MemoryStore('memory://json')

async function read(
  text: string,
  schema: Schema,
  options: JsonReadOptions = {},
  more: Partial<FileScan> = {},
): Promise<Value[][]> {
  const bytes = new TextEncoder().encode(text)
  await store.put('t.json', bytes, 'overwrite')
  const scan = fileScan({ store, path: 't.json', sizeBytes: bytes.length, schema, batchRows: 50, ...more })
  const rows: Value[][] = []
  for await (const batch of scanJson(context, unlimited, scan, options)) rows.push(...batchToRows(context.heap, batch))
  return rows
}

/** Keeping what is not declared makes an object of every record: the careful way. */
const careful: JsonReadOptions = { extraColumns: 'rescue' }
const reasons = (schema: Schema): [Schema, Partial<FileScan>] => [
  { fields: [...schema.fields, field('why', string), field('raw', string)] },
  { virtualColumns: { why: 'corrupt_reason', raw: 'raw_record' } },
]

describe('records that go from bytes into columns', () => {
  it('E-26: are what they are by way of objects, whatever the types', async () => {
    await fc.assert(
      fc.asyncProperty(tableOf(2), async ({ schema, rows }) => {
        const text = rows.map((row) => canonicalLine(schema, row)).join('\n')
        if (text === '') return
        const [columns, more] = reasons(schema)
        expect(await read(text, columns, {}, more)).toEqual(await read(text, columns, careful, more))
        expect(context.heap.usedBytes).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  it('E-26: are so for records of any form, malformed ones among them', async () => {
    const schema: Schema = {
      fields: [
        field('a', int64),
        field('B', float64),
        field('d', decimal(12, 3)),
        field('s', string),
        field('t', timestamp),
        field('l', list(struct([field('x', int64), field('y', string)]))),
        field('m', map(string, int64)),
      ],
    }
    const scalar = fc.constantFrom(
      '1',
      '-0',
      '0.5',
      '1e3',
      '12345678901234567890',
      '123.4567',
      '007',
      'null',
      'true',
      '"1"',
      '"x"',
      '"\\u00e9\\n"',
      '"é"',
      '""',
      '"2024-02-28T23:59:59.123456Z"',
      '"2024-02-30"',
      '"2024-02-29 10:00:00"',
      '[]',
      '{}',
      '[1]',
      '[{"x":1}]',
      '[{"y":2,"x":"3"},null]',
      '{"k":1}',
      '{"k":1,"k":2}',
      '{"2":1,"1":2}',
      'NaN',
      "'x'",
      '[1',
      '"a\tb"',
      '1.',
      '.5',
      '+1',
    )
    const key = fc.constantFrom('a', 'A', 'B', 'b', 'd', 's', 't', 'l', 'm', 'z', '\\u0061')
    const record = fc
      .array(fc.tuple(key, scalar), { maxLength: 6 })
      .map((members) => `{ ${members.map(([name, value]) => `"${name}": ${value}`).join(' ,')}}`)
    const line = fc.oneof(
      { weight: 8, arbitrary: record },
      { weight: 1, arbitrary: fc.constantFrom('[1]', '{', '{"a":1}x', '1', '"') },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), async (lines) => {
        // Not a document: that begins with [.
        const text = `{}\n${lines.join('\n')}`
        const [columns, more] = reasons(schema)
        expect(await read(text, columns, {}, more)).toEqual(await read(text, columns, careful, more))
      }),
      { numRuns: 500 },
    )
  })
})

describe('relaxed JSON', () => {
  const schema: Schema = { fields: [field('a', float64), field('s', string)] }
  it.each<[keyof JsonReadOptions, string, Value[]]>([
    ['allowComments', '{/* c */"a":1, // d\n"s":"x"}', [1, 'x']],
    ['allowUnquotedFieldNames', '{a:1,s:"x"}', [1, 'x']],
    ['allowSingleQuotes', `{'a':1,"s":'it\\'s "x"'}`, [1, `it's "x"`]],
    ['allowNumericLeadingZeros', '{"a":007.5,"s":"x"}', [7.5, 'x']],
    ['allowNonNumericNumbers', '{"a":-Infinity,"s":"x"}', [-Infinity, 'x']],
    ['allowBackslashEscapingAnyCharacter', '{"a":1,"s":"\\$x\\""}', [1, '$x"']],
    ['allowUnquotedControlChars', '{"a":1,"s":"x\ty"}', [1, 'x\ty']],
  ])('E-26: %s', async (option, text, row) => {
    const form: JsonReadOptions = { form: 'document' }
    expect(await read(text, schema, { ...form, [option]: true })).toEqual([row])
    const [columns, more] = reasons(schema)
    const [, , why] = (await read(text, columns, form, more))[0]!
    expect(why).toMatch(/^no valid JSON/)
  })
})

describe('inference', () => {
  const infer = async (text: string, options: JsonReadOptions = {}): Promise<Record<string, unknown>> => {
    await store.put('i.json', new TextEncoder().encode(text), 'overwrite')
    const { fields } = await inferJsonSchema(store, 'i.json', options)
    return Object.fromEntries(fields.map(({ name, type }) => [name, type]))
  }

  it('E-26: big numbers stay exact, and options are heard', async () => {
    const text = '{"n":18446744073709551616,"f":1.25,"z":null,"b":true}\n{"n":1,"f":100.5,"l":[{"x":1},{"x":2.5}]}'
    expect(await infer(text)).toEqual({
      n: decimal(20, 0),
      f: float64,
      z: string,
      b: { kind: 'boolean' },
      l: list(struct([field('x', float64)])),
    })
    expect(await infer(text, { prefersDecimal: true, dropFieldIfAllNull: true })).toMatchObject({ f: decimal(5, 2) })
    expect(Object.keys(await infer(text, { dropFieldIfAllNull: true }))).toEqual(['n', 'f', 'b', 'l'])
    expect(await infer(text, { primitivesAsString: true })).toMatchObject({ n: string, f: string, b: string })
    expect(await infer('{"a":1}\n{"a":1}\n{"a":"x"}', { samplingRatio: 0.34 })).toMatchObject({ a: string })
    await expect(infer(text, { samplingRatio: 2 })).rejects.toMatchObject({ code: 'DW-FORMAT-0030' })
  })
})
