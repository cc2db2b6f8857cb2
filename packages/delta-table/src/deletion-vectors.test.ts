import fc from 'fast-check'
import { col, lit } from '@deltaworks/expression'
import { readDeletedRows } from '@deltaworks/delta-log'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { statisticsOf } from './file-statistics-source.js'
import { testSessions } from './test-sessions.js'

let tables = 0
type Row = readonly [k: number, v: string]
const day = 86_400_000
const byKey = (rows: readonly Row[]): Row[] => [...rows].sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1))

describe.each(testSessions)('on the %s', (_, session) => {
  const newUri = (): string => `memory://vectors-${tables++}/t`
  const schema: Schema = { fields: [field('k', int64), field('v', string)] }
  const frame = (rows: readonly Row[]): DataFrame =>
    values(
      schema,
      rows.map(([k, v]) => [BigInt(k), v]),
    )
  const read = async (table: DeltaTable): Promise<Row[]> =>
    byKey(
      (await session.collect(scan(table.provider()).plan)).rows.map((r: readonly Value[]): Row => [
        Number(r[0]),
        r[1] as string,
      ]),
    )
  const range = (from: number, to: number): Row[] => Array.from({ length: to - from }, (_, i) => [from + i, 'a'])

  async function tableOf(...files: readonly (readonly Row[])[]): Promise<DeltaTable> {
    const properties = { 'delta.enableDeletionVectors': 'true' }
    let table = await DeltaTable.createWith(session, newUri(), frame(files[0]!), { schema, properties })
    for (const rows of files.slice(1)) table = await table.append(frame(rows))
    return table
  }
  const vectorsOf = (table: DeltaTable) => [...table.snapshot.files.values()].map((f) => f.deletionVector?.cardinality)
  const paths = (table: DeltaTable) => [...table.snapshot.files.values()].map((f) => f.path).sort()

  it('D-46: DELETE marks rows, again and again, and never writes the others again', async () => {
    const table = await tableOf(range(0, 1000), range(1000, 1010))
    expect(table.snapshot.protocol).toMatchObject({ minReaderVersion: 3, readerFeatures: ['deletionVectors'] })
    const once = await table.delete(col('k').lt(300).and(col('k').ge(100)))
    expect(paths(once)).toEqual(paths(table))
    expect(vectorsOf(once).sort()).toEqual([200, undefined])
    expect(once.lastWrite).toMatchObject({ filesRemoved: 0, rowsWritten: 0 })
    expect(once.lastWrite.metrics).toMatchObject({
      numDeletedRows: 200,
      numDeletionVectorsAdded: 1,
      numRemovedFiles: 0,
    })
    const twice = await once.delete(col('k').lt(150).or(col('k').eq(500)))
    expect(paths(twice)).toEqual(paths(table))
    expect(twice.lastWrite.metrics).toMatchObject({ numDeletedRows: 101, numDeletionVectorsUpdated: 1 })
    expect(await read(twice)).toEqual([...range(150 + 150, 500), ...range(501, 1010)])
    const [file] = [...twice.snapshot.files.values()].filter((f) => f.deletionVector !== null)
    expect(await readDeletedRows(table.location, file!)).toHaveLength(301)
    expect(statisticsOf(file!)).toMatchObject({ rowCount: 1000, tightBounds: false })
    // The past stays as it was, and so does what a checkpoint says.
    expect(await read(await twice.at({ version: once.version }))).toEqual([...range(0, 100), ...range(300, 1010)])
    await twice.checkpoint()
    expect(await read(await DeltaTable.open(session, table.uri))).toEqual(await read(twice))
  })

  it('D-46: a file that is mostly deleted is written again; one that is all deleted goes', async () => {
    const table = await tableOf(range(0, 100), range(100, 200))
    const rest = await table.delete(col('k').ge(30))
    expect(rest.lastWrite.metrics).toMatchObject({ numRemovedFiles: 2, numAddedFiles: 1, numCopiedRows: 30 })
    expect(vectorsOf(rest)).toEqual([undefined])
    expect(await read(rest)).toEqual(range(0, 30))
  })

  it('D-46: UPDATE marks the old rows and writes the new ones', async () => {
    const table = await tableOf(range(0, 1000))
    const updated = await table.update({ v: lit('b') }, col('k').lt(10))
    expect(updated.lastWrite).toMatchObject({ rowsWritten: 10, filesRemoved: 0 })
    expect(updated.lastWrite.metrics).toMatchObject({ numUpdatedRows: 10, numCopiedRows: 0, numAddedFiles: 1 })
    expect(await read(updated)).toEqual([...range(0, 10).map(([k]): Row => [k, 'b']), ...range(10, 1000)])
  })

  it('D-46: MERGE updates, deletes and inserts by marks, duplicates still refused', async () => {
    const table = await tableOf(range(0, 1000))
    const merged = await table.merge({
      source: frame([
        [1, 'new'],
        [2, 'delete'],
        [3, 'keep'],
        [5000, 'in'],
      ]),
      on: ['k'],
      whenMatchedDelete: { condition: col('v', 'source').eq('delete') },
      whenMatchedUpdate: { condition: col('v', 'source').eq('new') },
      whenNotMatchedInsert: {},
      whenNotMatchedBySourceDelete: { condition: col('k', 'target').ge(990) },
      whenNotMatchedBySourceUpdate: { condition: col('k', 'target').eq(500), set: { v: lit('old') } },
    })
    expect(merged.lastWrite).toMatchObject({ rowsWritten: 3, filesRemoved: 0 })
    expect(merged.lastWrite.metrics).toMatchObject({
      numTargetRowsUpdated: 2,
      numTargetRowsDeleted: 11,
      numTargetRowsInserted: 1,
      numTargetRowsCopied: 0,
      numTargetDeletionVectorsAdded: 1,
    })
    expect(await read(merged)).toEqual(
      byKey([[0, 'a'], [1, 'new'], ...range(3, 500), [500, 'old'], ...range(501, 990), [5000, 'in']]),
    )
    const twice = frame([
      [7, 'x'],
      [7, 'y'],
    ])
    await expect(merged.merge({ source: twice, on: ['k'], whenMatchedUpdate: {} })).rejects.toMatchObject({
      code: 'DW-TABLE-0007',
    })
    const gone = await merged.merge({ source: twice, on: ['k'], whenMatchedDelete: {} })
    expect(gone.lastWrite.metrics).toMatchObject({ numTargetRowsDeleted: 1 })
    expect((await read(gone)).some(([k]) => k === 7)).toBe(false)
  })

  it('D-46: any sequence of changes leaves the rows that copying leaves', async () => {
    const between = fc.tuple(fc.nat(70), fc.nat(25)).map(([from, width]) => [from, from + width] as const)
    const step = fc.record({ kind: fc.constantFrom('delete', 'update', 'merge'), between })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
        let table = await tableOf(range(0, 60), range(60, 80))
        let expected: Row[] = range(0, 80)
        for (const [i, { kind, between: bounds }] of steps.entries()) {
          const [from, to] = bounds
          const within = col('k').ge(from).and(col('k').lt(to))
          const isIn = ([k]: Row): boolean => k >= from && k < to
          if (kind === 'delete') {
            table = await table.delete(within)
            expected = expected.filter((row) => !isIn(row))
          } else if (kind === 'update') {
            table = await table.update({ v: lit(`u${i}`) }, within)
            expected = expected.map((row): Row => (isIn(row) ? [row[0], `u${i}`] : row))
          } else {
            const source = range(from, to).map(([k]): Row => [k, `m${i}`])
            table = await table.merge({
              source: frame(source),
              on: ['k'],
              whenMatchedUpdate: {},
              whenNotMatchedInsert: {},
            })
            expected = [...expected.filter((row) => !isIn(row)), ...source]
          }
        }
        expect(await read(table)).toEqual(byKey(expected))
      }),
      { numRuns: 12 },
    )
  })

  it('D-46: writers that mark different rows of one file go together; of one row the second conflicts', async () => {
    const table = await tableOf(range(0, 1000))
    const first = await table.delete(col('k').eq(1))
    const second = await table.delete(col('k').eq(2))
    expect(second.version).toBe(first.version + 1)
    expect(await read(second)).toEqual([[0, 'a'], ...range(3, 1000)])
    const third = await table.delete(col('k').eq(3), { maxRetries: 0 })
    expect(await read(third)).toEqual([[0, 'a'], ...range(4, 1000)])
    await expect(table.delete(col('k').eq(3), { maxRetries: 0 })).rejects.toMatchObject({ code: 'DW-DELTA-0016' })
  })

  it('D-46: a lost conflict leaves no vector file; VACUUM keeps those in use and deletes the others', async () => {
    const table = await tableOf(range(0, 1000))
    const odd = (to: number) => col('k').mod(5).eq(0).and(col('k').lt(to))
    const files = async () => (await table.location.store.list('t')).filter((o) => o.path.endsWith('.bin'))
    const first = await table.delete(odd(800))
    expect(await files()).toHaveLength(1)
    await expect(table.delete(odd(900), { maxRetries: 0 })).rejects.toMatchObject({ code: 'DW-DELTA-0016' })
    expect(await files()).toHaveLength(1)
    const second = await first.delete(odd(1000))
    expect(await files()).toHaveLength(2)
    await second.vacuum({ nowMs: Date.now() + 8 * day })
    expect(await files()).toHaveLength(1)
    expect(await read(await second.refresh())).toEqual(range(0, 1000).filter(([k]) => k % 5 !== 0))
  })

  it('D-75: PURGE writes the marked files again, and only those', async () => {
    const table = await (await tableOf(range(0, 100), range(100, 200))).delete(col('k').eq(7))
    const purged = await table.purge()
    expect(purged.lastWrite.metrics).toMatchObject({ numRemovedFiles: 1, numAddedFiles: 1 })
    expect(vectorsOf(purged)).toEqual([undefined, undefined])
    expect(paths(purged).filter((path) => paths(table).includes(path))).toHaveLength(1)
    expect(await read(purged)).toEqual(await read(table))
    expect((await purged.history(1))[0]!.info).toMatchObject({ operation: 'REORG' })
    expect((await purged.purge()).version).toBe(purged.version)
    const optimized = await table.optimize()
    expect(vectorsOf(optimized)).toEqual([undefined])
  })
})
