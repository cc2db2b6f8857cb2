import { col } from '@deltaworks/expression'
import { DeltaTable } from './delta-table.js'
import { newUri, peopleOf, rowsIn, testSession as session } from './testing-table.js'

const filesBelow = async (table: DeltaTable): Promise<string[]> =>
  (await table.location.store.list(table.location.path))
    .map(({ path }) => path)
    .filter((path) => path.endsWith('.parquet'))

describe('clones', () => {
  const properties = { 'delta.enableDeletionVectors': 'true' }

  it('D-67: a shallow clone names the source’s files, is written without touching it, and its VACUUM leaves them', async () => {
    let source = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a'], [2, 'b'], [3, 'c']), {
      partitionBy: ['name'],
      properties,
    })
    source = await source.append(peopleOf([4, 'a'], [5, 'a']))
    source = await source.delete(col('id').eq(5))
    const clone = await source.cloneTo(newUri(), { properties: { 'delta.enableChangeDataFeed': 'true' } })
    expect(clone.version).toBe(0)
    expect(clone.snapshot.metadata.id).not.toBe(source.snapshot.metadata.id)
    expect(clone.detail().properties['delta.enableChangeDataFeed']).toBe('true')
    expect(await filesBelow(clone)).toEqual([])
    expect(await rowsIn(clone)).toEqual([
      [1n, 'a'],
      [2n, 'b'],
      [3n, 'c'],
      [4n, 'a'],
    ])
    const before = await filesBelow(source)
    const changed = await (await clone.delete(col('id').eq(1))).append(peopleOf([9, 'z']))
    await changed.vacuum({ retentionMs: 0, allowShortRetention: true, nowMs: Date.now() + 1000 })
    expect(await rowsIn(await changed.refresh())).toEqual([
      [2n, 'b'],
      [3n, 'c'],
      [4n, 'a'],
      [9n, 'z'],
    ])
    expect(await filesBelow(source)).toEqual(before)
    expect(await rowsIn(await source.refresh())).toHaveLength(4)
  })

  it('D-67: of an earlier version; where there is a table already only with replace', async () => {
    const first = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a']))
    await first.append(peopleOf([2, 'b']))
    const uri = newUri()
    expect(await rowsIn(await first.cloneTo(uri))).toEqual([[1n, 'a']])
    await expect(first.cloneTo(uri)).rejects.toMatchObject({ code: 'DW-TABLE-0011' })
    await expect(first.cloneTo(first.uri)).rejects.toMatchObject({ code: 'DW-TABLE-0021' })
    const again = await (await first.refresh()).cloneTo(uri, { replace: true })
    expect([again.version, await rowsIn(again)]).toEqual([
      1,
      [
        [1n, 'a'],
        [2n, 'b'],
      ],
    ])
  })

  it('D-68: a deep clone has copies, and the next one copies only what is new', async () => {
    let source = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a/ö'], [2, 'b']), {
      partitionBy: ['name'],
      properties,
    })
    const uri = newUri()
    const clone = await source.cloneTo(uri, { kind: 'deep' })
    expect(await filesBelow(clone)).toHaveLength(2)
    expect(await rowsIn(clone)).toEqual([
      [1n, 'a/ö'],
      [2n, 'b'],
    ])
    source = await (await source.append(peopleOf([3, 'b'], [4, 'b']))).delete(col('id').eq(4))
    const next = await source.cloneTo(uri, { kind: 'deep', replace: true })
    expect(next.lastWrite.metrics['numCopiedFiles']).toBe(1)
    await source.location.store.delete(await filesBelow(source))
    expect(await rowsIn(next)).toEqual([
      [1n, 'a/ö'],
      [2n, 'b'],
      [3n, 'b'],
    ])
  })
})
