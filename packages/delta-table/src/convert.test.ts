import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { col } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { date, field, int64, string } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import { DeltaTable } from './delta-table.js'
import { statisticsOf } from './file-statistics-source.js'
import { peopleOf, rowsIn, testSession as session } from './testing-table.js'

const folder = (): string => mkdtempSync(join(tmpdir(), 'deltaworks-convert-'))

async function parquetIn(path: string, rows: Parameters<typeof session.writeFiles>[0], partitionBy: string[] = []) {
  const sink = {
    store: `file://${path}`,
    directory: '',
    partitionBy,
    compression: 'snappy',
    targetFileBytes: 1e9,
  } as const
  await session.writeFiles(rows, sink)
  return openStore(`file://${path}`)
}

describe('CONVERT TO DELTA', () => {
  it('D-69: files stay as they are, and have statistics and partitions from then on', async () => {
    const path = folder()
    const schema = { fields: [field('id', int64), field('name', string), field('day', date)] }
    const store = await parquetIn(
      path,
      values(schema, [
        [1n, 'a', 18262],
        [2n, null, 18262],
        [3n, 'c', null],
      ]).plan,
      ['day'],
    )
    const before = await store.list('')
    const table = await DeltaTable.convert(session, path, { partitionBy: [field('day', date)] })
    expect((await store.list('')).filter((object) => !object.path.startsWith('_delta_log'))).toEqual(before)
    expect(await rowsIn(table)).toEqual([
      [1n, 'a', 18262],
      [2n, null, 18262],
      [3n, 'c', null],
    ])
    const filtered = scan(table.provider()).filter(col('id').gt(2))
    const { splits, filesPruned } = await table.provider().scan({ projection: [0], filters: [], fetch: null })
    expect([splits.length, filesPruned]).toEqual([2, 0])
    expect((await session.collect(filtered.plan)).rows).toEqual([[3n, 'c', null]])
    const statistics = [...table.snapshot.files.values()].map((file) => statisticsOf(file)!)
    expect(statistics.map((s) => s.column(['id'], int64)?.max).sort()).toEqual([2n, 3n])
    const grown = await table.append(values(schema, [[4n, 'd', 1]]).plan)
    expect(await rowsIn(grown)).toHaveLength(4)
    await expect(DeltaTable.convert(session, path)).rejects.toMatchObject({ code: 'DW-TABLE-0011' })
  })

  it('D-69: what does not fit is told, and no log is begun', async () => {
    const path = folder()
    await expect(DeltaTable.convert(session, path)).rejects.toMatchObject({ code: 'DW-TABLE-0021' })
    const store = await parquetIn(path, peopleOf([1, 'a']).plan, ['name'])
    await expect(DeltaTable.convert(session, path)).rejects.toMatchObject({
      message: expect.stringContaining('its folders name the partition columns (name), expected are ()'),
    })
    await parquetIn(path, values({ fields: [field('id', string), field('name', string)] }, [['x', 'a']]).plan, ['name'])
    await expect(DeltaTable.convert(session, path, { partitionBy: [field('name', string)] })).rejects.toMatchObject({
      message: expect.stringMatching(/its column id is (bigint|string), in other files (bigint|string)/),
    })
    expect((await store.list('_delta_log')).length).toBe(0)
  })

  it('D-69: without statistics there are row counts alone', async () => {
    const path = folder()
    await parquetIn(path, peopleOf([1, 'a'], [2, 'b']).plan)
    const table = await DeltaTable.convert(session, path, { statistics: false })
    expect([...table.snapshot.files.values()][0]!.stats).toBe(
      '{"numRecords":2,"minValues":{},"maxValues":{},"nullCount":{}}',
    )
  })
})
