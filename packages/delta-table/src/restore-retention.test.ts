import { col, lit } from '@deltaworks/expression'
import { DeltaTable } from './delta-table.js'
import { newUri, peopleOf, rowsIn, testSession as session } from './testing-table.js'

const day = 86_400_000

describe('RESTORE and retention', () => {
  it.each([
    ['of files', {}],
    ['with deletion vectors', { 'delta.enableDeletionVectors': 'true' }],
    ['with change data', { 'delta.enableChangeDataFeed': 'true' }],
  ])('M-134: whatever VACUUM did, a table %s returns to every version within its retention', async (_, properties) => {
    let table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a'], [2, 'b'], [3, 'c']), { properties })
    const rows = [await rowsIn(table)]
    const note = async (next: Promise<DeltaTable>): Promise<void> => {
      table = await next
      rows[table.version] = await rowsIn(table)
    }
    await note(table.append(peopleOf([4, 'd'], [5, 'e'])))
    await note(table.delete(col('id').eq(2)))
    await note(table.update({ name: lit('z') }, col('id').gt(3)))
    await note(table.optimize())
    await note(table.overwrite(peopleOf([9, 'last'])))
    // Six days later all of these are within the seven days that are kept.
    const soon = Date.now() + 6 * day
    await table.vacuum({ nowMs: soon })
    for (const version of rows.keys()) {
      table = await (await table.refresh()).restore({ version })
      expect([version, await rowsIn(table)]).toEqual([version, rows[version]])
    }
    // Beyond them the files of what was replaced go, which is told, and the table stays as it is.
    const last = await (await table.refresh()).overwrite(peopleOf([7, 'now']))
    await last.vacuum({ nowMs: Date.now() + 8 * day })
    const kept = await last.refresh()
    await expect(kept.restore({ version: 1 })).rejects.toMatchObject({ code: 'DW-TABLE-0010' })
    expect(await rowsIn(await kept.refresh())).toEqual([[7n, 'now']])
  })
})
