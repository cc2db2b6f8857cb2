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
