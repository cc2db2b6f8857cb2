import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { bigint, string } from './column-definition.js'
import { defineLakehouse } from './lakehouse-definition.js'
import { quarantinePath } from './quarantine.js'
import { csvFiles, jsonFiles, type SourceDefinition } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { errorOf, TestLake } from './testing/test-lake.js'

/** Sizes are small here; `benchmarks/dist/ingest/memory.js` has the large ones, with the memory that they take. */
describe('M-008 M-019: hostile landing files', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(() => lake.close())

  const run = (source: SourceDefinition) => {
    const table = defineTable({ name: 't', layer: 'raw', columns: { id: bigint(), v: string() }, source })
    const lakehouse = defineLakehouse({
      name: 't',
      description: 'For tests.',
      tables: [table],
      configuration: z.strictObject({}),
      environments: '.',
    })
    return lake.run(lakehouse)
  }
  const ids = () => lake.rows('raw/t', 'id')
  const quarantined = () => lake.rows(quarantinePath, 'source_line', 'reason')

  it('JSON nested 100,000 deep is a quarantined record, as a line and as an item', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    lake.land('a.json', `{"id":1}\n{"id":2,"v":${deep}}\n{"id":3}\n`)
    lake.land('b.json', `[{"id":4},\n{"id":5,"v":{"a":${deep}}},\n{"id":6}]`)
    await run(jsonFiles('*.json', { maxMalformed: 1 }))
    expect(await ids()).toEqual(['{"id":1}', '{"id":3}', '{"id":4}', '{"id":6}'])
    const reason = 'no valid JSON: the nesting is deeper than 500'
    expect(await quarantined()).toEqual([
      `{"source_line":2,"reason":"${reason}"}`,
      `{"source_line":2,"reason":"${reason}"}`,
    ])
  })

  it('text that is no UTF-8 is a quarantined row, of CSV and of JSON', async () => {
    const bad = Buffer.from([0xff, 0xfe, 0x80])
    lake.land('a.csv', Buffer.concat([Buffer.from('id,v\n1,a\n2,'), bad, Buffer.from('\n3,b\n')]))
    await run(csvFiles('*.csv', { maxMalformed: 1 }))
    expect(await ids()).toEqual(['{"id":1}', '{"id":3}'])
    expect(await quarantined()).toEqual(['{"source_line":3,"reason":"v: the text is not valid UTF-8"}'])
  })

  it('a row with a NUL is quarantined, in small files and large ones', async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => `${i},a\n`)
    lake.land('a.csv', `id,v\n${rows.join('')}1000,b\0\n`)
    lake.land('b.csv', `id,v\n1001,c\n`)
    lake.land('c.csv', `id,v\n${'2000,a\n'.repeat(50_000)}2001,b\0\n`)
    await run(csvFiles('*.csv', { maxMalformed: 1 }))
    expect(await quarantined()).toEqual([
      '{"source_line":1002,"reason":"it has a NUL"}',
      '{"source_line":50002,"reason":"it has a NUL"}',
    ])
    expect(await ids()).toHaveLength(51_001)
  })

  it.each<[string, string | Uint8Array, SourceDefinition, string]>([
    ['NULs in the first bytes', 'id,v\n1,a\0b\n', csvFiles('f'), 'DW-FORMAT-0033'],
    ['a header of too many columns', `id,v,${'c,'.repeat(30_000)}d\n1,2\n`, csvFiles('f'), 'DW-FORMAT-0037'],
    [
      'a header without an end',
      `id,v,${'a long column name,'.repeat(100_000)}\n1,2\n`,
      csvFiles('f', { options: { maxRowBytes: 100_000 } }),
      'DW-FORMAT-0038',
    ],
    [
      'one object without an end',
      `{"id":1,"v":"${'x'.repeat(300_000)}"`,
      jsonFiles('f', { options: { maxRowBytes: 100_000, form: 'document' } }),
      'DW-FORMAT-0038',
    ],
    [
      'a line without an end, of a source that is to fail then',
      `id,v\n1,${'x'.repeat(300_000)}\n`,
      csvFiles('f', { malformed: 'fail', options: { maxRowBytes: 100_000 } }),
      'DW-LAKEHOUSE-0014',
    ],
    [
      'an array in arrays',
      '['.repeat(300_000),
      jsonFiles('f', { options: { maxRowBytes: 100_000 } }),
      'DW-LAKEHOUSE-0010',
    ],
  ])('%s is refused, and nothing is written', async (_, content, source, code) => {
    lake.land('f', content)
    expect(await errorOf(() => run(source))).toMatchObject({ code })
    expect(lake.files()).toEqual([])
  })

  const long = 'x'.repeat(300_000)
  const options = { maxRowBytes: 100_000 }
  it.each<[string, string, SourceDefinition]>([
    ['a line of CSV', `id,v\n1,a\n2,${long}\n3,b\n`, csvFiles('f', { maxMalformed: 1, options })],
    ['a line of JSON', `{"id":1}\n\n{"id":2,"v":"${long}"}\n{"id":3}\n`, jsonFiles('f', { maxMalformed: 1, options })],
    [
      'an item of JSON',
      `[{"id":1},\n\n{"id":2,"v":"${long}"},\n{"id":3}]`,
      jsonFiles('f', { maxMalformed: 1, options }),
    ],
  ])(
    '%s that is too long is quarantined with its place and its start; the others are read',
    async (_, content, source) => {
      lake.land('f', content)
      await run(source)
      expect(await ids()).toEqual(['{"id":1}', '{"id":3}'])
      expect(await quarantined()).toEqual([
        '{"source_line":3,"reason":"the row is longer than 100000 bytes; its start is kept"}',
      ])
      const [kept] = (await lake.rows(quarantinePath, 'record')).map((row) => JSON.parse(row) as { record: string })
      expect(kept!.record).toHaveLength(64 * 1024)
      expect(content).toContain(kept!.record)
    },
  )

  it('a link to a file of the system is refused before it is read', async () => {
    writeFileSync(join(lake.folder, 'secret'), 'id,v\n1,a\n')
    symlinkSync('../secret', join(lake.landing, 'f.csv'))
    expect(await errorOf(() => run(csvFiles('*.csv')))).toMatchObject({ code: 'DW-LAKEHOUSE-0031' })
  })
})
