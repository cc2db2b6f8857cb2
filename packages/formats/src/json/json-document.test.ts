import { describe, expect, it } from '@jest/globals'
import { MemoryStore } from '@deltaworks/storage'
import fc from 'fast-check'
import { FileSource } from '../csv/byte-source.js'
import { inferJsonSchema } from './infer-json.js'
import { documentRecords } from './json-document.js'
import { jsonRecord, maxNesting, type JsonRecord } from './json-record.js'
import { jsonText } from './json-text.js'

/** @param window a size of the file that is told: windows begin that small, so that items go over many of them */
async function records(text: string | Uint8Array, window = 1e6, maxRowBytes?: number): Promise<JsonRecord[]> {
  const store = new MemoryStore('documents')
  await store.put('d', typeof text === 'string' ? new TextEncoder().encode(text) : text, 'overwrite')
  const found: JsonRecord[] = []
  const source = new FileSource(store, 'd', 0, undefined)
  for await (const record of documentRecords('d', window, source, maxRowBytes))
    found.push('bytes' in record ? jsonRecord(record) : record)
  return found
}

describe('E-26: the items of a JSON array', () => {
  it('M-009: are those of JSON.parse, with their places, over windows of any size', async () => {
    const items = fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(
        items,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 1, 2),
        async (values, window, indent) => {
          const text = JSON.stringify(values, null, indent)
          const found = await records(text, window)
          expect(found.map((record) => record.damage)).toEqual(values.map(() => null))
          expect(found.map((record) => JSON.parse(jsonText(record.value)) as unknown)).toEqual(
            JSON.parse(text) as unknown,
          )
          const bytes = Buffer.from(text)
          let before = 0
          for (const { raw, offset, line } of found) {
            expect(bytes.subarray(offset, offset + Buffer.byteLength(raw)).toString()).toBe(raw)
            const physical = bytes.subarray(0, offset).toString().split('\n').length
            expect(line).toBe(Math.max(physical, before + 1))
            before = line
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it.each<[string, string, readonly (string | null)[]]>([
    ['a member without a value', '[{"n":1},\n{"n":},{"n":3}]', [null, '{"n":}', null]],
    ['one bracket too many', '[{"n":1}},{"n":2}]', ['{"n":1}}', null]],
    ['an empty item', '[1,,2]', [null, '', null]],
    ['a comma at the end', '[1,]', [null, '']],
    ['a comma at the begin', '[,1]', ['', null]],
    ['no closing bracket', '[{"n":1}', [null, '']],
    ['a quote that is never closed', '[{"n":1},{"n":"2},{"n":3}]', [null, '{"n":"2},{"n":3}]', '']],
    ['something behind the array', '[1] [2]', [null, '[2]']],
    ['nothing in it', ' [ \n ] ', []],
    ['one object that is no array', '{\n"n": 1\n}', [null]],
  ])('M-019: %s', async (_, text, damaged) => {
    for (const window of [1, 3, 1e6]) {
      const found = await records(text, window)
      expect(found.map((record) => (record.damage === null ? null : record.raw))).toEqual(damaged)
    }
  })

  it('that are nested too deep, or no UTF-8, are damaged alone', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const found = await records(`[1,${deep},{"a":${deep}},2]`)
    expect(found.map((record) => record.damage)).toEqual([
      null,
      `no valid JSON: the nesting is deeper than ${maxNesting}`,
      `no valid JSON: the nesting is deeper than ${maxNesting}`,
      null,
    ])
    const bytes = Buffer.concat([Buffer.from('["a","'), Buffer.from([0xff]), Buffer.from('","b"]')])
    expect((await records(bytes)).map((record) => record.damage)).toEqual([null, 'the text is not valid UTF-8', null])
  })

  it('that are too long are damaged alone, however long the array is', async () => {
    const short = `[${Array.from({ length: 1000 }, () => '{"n":12345}').join(',\n')}]`
    expect(await records(short, 1e6, 20)).toHaveLength(1000)
    const text = `[1,\n{"a":"${'x'.repeat(1000)}",\n"b":"]},{"},\n2]`
    const damage = 'the row is longer than 500 bytes; its start is kept'
    for (const window of [1, 16, 1e6]) {
      expect((await records(text, window, 500)).map((record) => [record.line, record.damage, record.raw])).toEqual([
        [1, null, '1'],
        [2, damage, text.slice(4, 504)],
        [4, null, '2'],
      ])
    }
    await expect(records(`{"a":"${'x'.repeat(1000)}"}`, 16, 500)).rejects.toMatchObject({ code: 'DW-FORMAT-0038' })
  })
})

it('E-26 M-014: the schema of a long array is that of its first items', async () => {
  const store = new MemoryStore('long')
  const text = `[\n${Array.from({ length: 60_000 }, (_, n) => `{"n":${n},"name":"some text"}`).join(',\n')}]`
  await store.put('d', new TextEncoder().encode(text), 'overwrite')
  const { fields } = await inferJsonSchema(store, 'd')
  expect(fields.map(({ name, type }) => `${name} ${type.kind}`)).toEqual(['n int64', 'name string'])
})
