import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DeltaTable } from '@deltaworks/delta-table'
import { scan } from '@deltaworks/plan'
import { formatDate } from '@deltaworks/schema'
import * as z from 'zod/mini'
import { bigint, date, decimal, string } from './column-definition.js'
import { defineLakehouse } from './lakehouse-definition.js'
import { runLakehouse } from './run.js'
import { csvFiles } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { drawFrom, randomDialect, randomRows } from './testing/dialect-files.js'
import { TestLake } from './testing/test-lake.js'

/** DELTAWORKS_DIALECTS=10000 for all of them. */
const dialects = Number(process.env['DELTAWORKS_DIALECTS'] ?? 40)

describe('declared dialects', () => {
  let lake: TestLake
  beforeAll(() => (lake = new TestLake()))
  afterAll(() => lake.close())

  it(`M-008: files of ${dialects} dialects that their sources declare give the rows that they were made of, none malformed`, async () => {
    for (let seed = 1; seed <= dialects; seed++) {
      const draw = drawFrom(seed)
      const dialect = randomDialect(draw)
      const rows = randomRows(draw)
      const folder = join(lake.folder, `d${seed}`)
      mkdirSync(folder)
      writeFileSync(join(folder, 'rows.csv'), dialect.write(rows))
      const table = defineTable({
        name: 'rows',
        layer: 'raw',
        columns: { id: bigint(), name: string(), amount: decimal(12, 2), day: date().pattern(dialect.dayPattern) },
        source: csvFiles('rows.csv', { options: dialect.options, profile: seed % 8 === 0 }),
      })
      const lakehouse = defineLakehouse({
        name: 'dialects',
        description: 'For tests.',
        tables: [table],
        configuration: z.strictObject({}),
        environments: '.',
      })
      const root = `file://${folder}/lake`
      // Some in memory, some streamed.
      const inMemoryBytes = seed % 2 === 0 ? 0 : 1 << 20
      const settings = { ...lake.options(lakehouse), root, landing: `file://${folder}`, inMemoryBytes }
      const result = await runLakehouse(settings)
      const landed = scan((await DeltaTable.open(lake.session, `${root}/raw/rows`)).provider())
      const found = await lake.session.collect(landed.select('id', 'name', 'amount', 'day').orderBy('id'))
      const read = found.rows.map(([id, name, amount, day]) => ({
        id: Number(id),
        name,
        amount: amount === null ? null : Number(amount),
        day: day === null ? null : formatDate(day as number),
      }))
      expect({ seed, options: dialect.options, quarantined: result.quarantined, read }).toEqual({
        seed,
        options: dialect.options,
        quarantined: 0,
        read: rows,
      })
    }
  }, 3_600_000)
})
