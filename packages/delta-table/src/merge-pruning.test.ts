import fc from 'fast-check'
import { col, lit } from '@deltaworks/expression'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { date, field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import type { MergeOptions } from './operations/merge/merge-options.js'
import { testSessions } from './test-sessions.js'

let tables = 0
type Row = readonly [k: number | null, p: string | null, day: number, v: string]

describe.each(testSessions)('on the %s', (_, session) => {
  const schema: Schema = {
    fields: [field('k', int64), field('p', string), field('day', date), field('v', string)],
  }
  const frame = (rows: readonly Row[]): DataFrame =>
    values(
      schema,
      rows.map(([k, ...rest]) => [k === null ? null : BigInt(k), ...rest]),
    )
  const text = (rows: readonly Row[]): string[] => rows.map((row) => JSON.stringify(row)).sort()
  const read = async (table: DeltaTable): Promise<string[]> =>
    text(
      (await session.collect(scan(table.provider()).plan)).rows.map(
        (r: readonly Value[]) => [r[0] === null ? null : Number(r[0]), r[1], r[2], r[3]] as Row,
      ),
    )

  async function tableOf(files: readonly (readonly Row[])[], partitionBy: readonly string[] = []): Promise<DeltaTable> {
    const uri = `memory://merge-pruning-${tables++}/t`
    let table = await DeltaTable.createWith(session, uri, frame(files[0]!), { schema, partitionBy: [...partitionBy] })
    for (const rows of files.slice(1)) table = await table.append(frame(rows))
    return table
  }
  /** Ten files of ten keys each, from one to the next. */
  const tens: readonly (readonly Row[])[] = Array.from({ length: 10 }, (_, file) =>
    Array.from({ length: 10 }, (_, i): Row => [file * 10 + i, `p${file % 2}`, file, 'a']),
  )
  /** Without the data of the files that hold none of these keys, only an operation that leaves them alone succeeds. */
  async function loseOthers(table: DeltaTable, isNeeded: (stats: string, path: string) => boolean): Promise<number> {
    const lost = [...table.snapshot.files.values()].filter((f) => !isNeeded(f.stats!, f.path)).map((f) => `t/${f.path}`)
    await table.location.store.delete(lost)
    return lost.length
  }
  const upsert = (rows: readonly Row[], on: MergeOptions['on'] = ['k']): MergeOptions => ({
    source: frame(rows),
    on,
    whenMatchedUpdate: {},
    whenNotMatchedInsert: {},
  })

  it('D-65: MERGE reads only files whose key range meets that of the source', async () => {
    const table = await tableOf(tens)
    const isNeeded = (stats: string): boolean => /"min\w+":\{"k":(30|40),/.test(stats)
    expect(await loseOthers(table, isNeeded)).toBe(8)
    const source: readonly Row[] = [
      [35, 'p1', 3, 'new'],
      [49, 'p0', 4, 'new'],
    ]
    const merged = await table.merge(upsert(source))
    expect(merged.lastWrite.metrics).toMatchObject({ numTargetRowsUpdated: 2, numTargetRowsInserted: 0 })
    const inserted = await merged.merge({ source: frame([[1000, 'p0', 0, 'in']]), on: ['k'], whenNotMatchedInsert: {} })
    expect(inserted.lastWrite.metrics).toMatchObject({ numTargetRowsInserted: 1, numTargetFilesRemoved: 0 })
  })

  it('D-65: partitions are told by the values of the source, not by their range', async () => {
    const rows = ['a', 'b', 'c', 'd'].map((p, i): Row => [i, p, i, 'old'])
    const table = await tableOf([rows], ['p'])
    expect(await loseOthers(table, (_, path) => path.startsWith('p=a') || path.startsWith('p=d'))).toBe(2)
    const source: readonly Row[] = [
      [0, 'a', 0, 'new'],
      [3, 'd', 3, 'new'],
    ]
    const merged = await table.merge(upsert(source, ['p', 'k']))
    expect(merged.lastWrite.metrics).toMatchObject({ numTargetRowsUpdated: 2, numTargetFilesRemoved: 2 })
  })

  it('D-65: what the condition says of the target alone prunes as well', async () => {
    const table = await tableOf(tens)
    expect(await loseOthers(table, (stats) => stats.includes('"k":20,'))).toBe(9)
    const on = col('k', 'target')
      .eq(col('k', 'source'))
      .and(col('day', 'target').eq(lit(2, date)))
    const merged = await table.merge(
      upsert(
        [
          [5, 'p0', 0, 'other day'],
          [25, 'p0', 2, 'new'],
        ],
        on,
      ),
    )
    expect(merged.lastWrite.metrics).toMatchObject({ numTargetRowsUpdated: 1, numTargetRowsInserted: 1 })
  })

  it('D-65: an empty source reads nothing; clauses for rows without a source row see every file', async () => {
    const table = await tableOf(tens)
    const deleted = await table.merge({
      source: frame([[55, 'p1', 5, 'x']]),
      on: ['k'],
      whenNotMatchedBySourceDelete: { condition: col('k', 'target').ge(50) },
    })
    expect(deleted.lastWrite.metrics).toMatchObject({ numTargetRowsDeleted: 49 })
    const copy = await tableOf(tens)
    expect(await loseOthers(copy, () => false)).toBe(10)
    expect((await copy.merge(upsert([]))).lastWrite.committed).toBe(false)
  })

  it('D-03, D-65: an append of keys that the merge cannot meet is no conflict; one that it can is seen', async () => {
    const table = await tableOf(tens)
    await table.append(frame([[500, 'p0', 0, 'far']]))
    const merged = await table.merge({ ...upsert([[5, 'p0', 0, 'new']]), maxRetries: 0 })
    expect(merged.version).toBe(table.version + 2)
    await merged.append(frame([[7777, 'p0', 0, 'near']]))
    const late = upsert([[7777, 'p0', 0, 'updated']])
    await expect(merged.merge({ ...late, maxRetries: 0 })).rejects.toMatchObject({ code: 'DW-DELTA-0016' })
    const seen = await merged.merge(late)
    expect(seen.lastWrite.metrics).toMatchObject({ numTargetRowsUpdated: 1, numTargetRowsInserted: 0 })
  })

  it('D-64, D-65: an upsert over any files and keys, nulls and partitions included, is that of a map', async () => {
    const key = fc.option(fc.integer({ min: -9, max: 9 }), { nil: null })
    const row = fc.tuple(key, fc.constantFrom('x', 'y', null), fc.integer({ min: -3, max: 3 }), fc.constant('old'))
    const files = fc.array(fc.array(row, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 })
    const sourceRows = fc.uniqueArray(row, { maxLength: 4, selector: ([k, p]) => `${k} ${p}` })
    await fc.assert(
      fc.asyncProperty(files, sourceRows, fc.boolean(), fc.boolean(), async (target, source, partitioned, nullSafe) => {
        const table = await tableOf(target, partitioned ? ['p'] : [])
        const updates = source.map(([k, p, d]): Row => [k, p, d, 'new'])
        const same = (name: string) =>
          nullSafe
            ? col(name, 'target').isNotDistinctFrom(col(name, 'source'))
            : col(name, 'target').eq(col(name, 'source'))
        const isPair = (a: Row, b: Row): boolean =>
          a[0] === b[0] && a[1] === b[1] && (nullSafe || (a[0] !== null && a[1] !== null))
        const merged = await table.merge(upsert(updates, same('k').and(same('p'))))
        const before = target.flat()
        const expected = [
          ...before.map((old) => updates.find((row) => isPair(old, row)) ?? old),
          ...updates.filter((row) => !before.some((old) => isPair(old, row))),
        ]
        expect(await read(merged)).toEqual(text(expected))
      }),
      { numRuns: 40 },
    )
  })
})
