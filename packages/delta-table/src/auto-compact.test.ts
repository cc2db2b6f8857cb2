import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { scan, unionNode, values } from '@deltaworks/plan'
import { field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { newUri, peopleOf, rowsIn, testSession as session } from './testing-table.js'

describe('D-74: auto compaction', () => {
  it('packs the small files of a partition when there are fifty, and says so in the history', async () => {
    let table = await DeltaTable.createWith(session, newUri(), peopleOf([0, 'other']), {
      partitionBy: ['name'],
      properties: { 'delta.autoOptimize.autoCompact': 'true' },
    })
    for (let i = 1; i < 50; i++) table = await table.append(peopleOf([i, 'a']))
    expect(table.version).toBe(49)
    const last = await table.append(peopleOf([50, 'a']))
    expect(last.version).toBe(51)
    expect(last.lastWrite.rowsWritten).toBe(1)
    expect(last.snapshot.files.size).toBe(2)
    expect(await rowsIn(last)).toHaveLength(51)
    const [entry] = await last.history(1)
    expect(entry!.info).toMatchObject({ operation: 'OPTIMIZE', operationParameters: { auto: 'true' } })
    expect((await last.append(peopleOf([51, 'a']))).version).toBe(52)
  })

  it('is not done unasked', async () => {
    let table = await DeltaTable.create(session, newUri(), { schema: peopleOf([0, 'a']).plan.schema })
    for (let i = 0; i < 51; i++) table = await table.append(peopleOf([i, 'a']))
    expect(table.snapshot.files.size).toBe(51)
  })
})

describe('D-74: optimised write', () => {
  const schema: Schema = { fields: [field('id', int64, false), field('region', string)] }
  const rows = Array.from({ length: 4000 }, (_, i): Value[] => [BigInt(i), i % 11 === 0 ? null : `r${i % 5}`])

  it.each([
    ['true', 6],
    ['false', 12],
  ])('%s: two threads write %i files of six partitions', async (wanted, files) => {
    const folder = mkdtempSync(join(tmpdir(), 'deltaworks-optimized-write-'))
    const threads = Session.create({ threads: 2, inlineBytes: 0, morselBytes: 1, memoryBytes: 256 * 1024 * 1024 })
    try {
      const source = await Promise.all(
        Array.from({ length: 16 }, (_, i) =>
          threads.materialise(values(schema, rows.slice(i * 250, (i + 1) * 250)).plan),
        ),
      )
      const inParts = unionNode(source.map((part) => scan(part).plan))
      const table = await DeltaTable.createWith(threads, join(folder, 't'), inParts, {
        partitionBy: ['region'],
        properties: { 'delta.autoOptimize.optimizeWrite': wanted },
      })
      if (wanted === 'true') expect(table.snapshot.files.size).toBe(files)
      else expect(table.snapshot.files.size).toBeGreaterThanOrEqual(6)
      expect(table.snapshot.files.size).toBeLessThanOrEqual(files)
      const found = (await threads.collect(scan(table.provider()).plan)).rows.map(String).sort()
      expect(found).toEqual(rows.map(String).sort())
    } finally {
      await threads.close()
      rmSync(folder, { recursive: true })
    }
  })
})
