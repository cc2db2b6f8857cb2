import fc from 'fast-check'
import { col, lit } from '@deltaworks/expression'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import type { MergeOptions } from './operations/merge/merge-options.js'
import { testSessions } from './test-sessions.js'

let tables = 0
type Row = readonly [k: number | null, v: string | null, n: number]
const sorted = (rows: Row[]): Row[] => rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

describe.each(testSessions)('on the %s', (_, session) => {
  const newUri = (): string => `memory://merge-${tables++}/t`
  const schema: Schema = { fields: [field('k', int64), field('v', string), field('n', int64)] }
  const frame = (rows: readonly Row[]): DataFrame =>
    values(
      schema,
      rows.map(([k, v, n]) => [k === null ? null : BigInt(k), v, BigInt(n)]),
    )
  const read = async (table: DeltaTable): Promise<Row[]> => {
    const { rows } = await session.collect(scan(table.provider()).plan)
    return sorted(
      rows.map((r: readonly Value[]): Row => [
        r[0] === null ? null : Number(r[0]),
        r[1] as string | null,
        Number(r[2]),
      ]),
    )
  }
  const target = (name: string) => col(name, 'target')
  const source = (name: string) => col(name, 'source')

  async function tableOf(...files: readonly (readonly Row[])[]): Promise<DeltaTable> {
    let table = await DeltaTable.createWith(session, newUri(), frame(files[0] ?? []), { schema })
    for (const rows of files.slice(1)) table = await table.append(frame(rows))
    return table
  }

  describe('merge', () => {
    it('D-64: upsert writes touched files only', async () => {
      const table = await tableOf(
        [
          [1, 'a', 1],
          [2, 'b', 1],
        ],
        [[3, 'c', 1]],
      )
      const merged = await table.merge({
        source: frame([
          [2, 'B', 2],
          [4, 'D', 2],
        ]),
        on: ['k'],
        whenMatchedUpdate: {},
        whenNotMatchedInsert: {},
      })
      expect(await read(merged)).toEqual(
        sorted([
          [1, 'a', 1],
          [2, 'B', 2],
          [3, 'c', 1],
          [4, 'D', 2],
        ]),
      )
      expect(merged.lastWrite.filesRemoved).toBe(1)
      expect(merged.lastWrite.metrics).toMatchObject({
        numTargetRowsInserted: 1,
        numTargetRowsUpdated: 1,
        numTargetRowsCopied: 1,
        numTargetRowsDeleted: 0,
      })
      expect((await merged.history(1))[0]!.info).toMatchObject({
        operation: 'MERGE',
        operationMetrics: { numTargetRowsInserted: '1' },
      })
    })

    it('D-64: the same source again changes nothing when the update asks for a difference', async () => {
      const table = await tableOf([[1, 'a', 1]])
      const options: MergeOptions = {
        source: frame([
          [1, 'a', 1],
          [2, 'b', 1],
        ]),
        on: ['k'],
        whenMatchedUpdate: [{ condition: target('v').isNotDistinctFrom(source('v')).not(), set: { v: source('v') } }],
        whenNotMatchedInsert: [{}],
        appTransactions: [{ appId: 'in', version: 3 }],
      }
      const merged = await table.merge(options)
      expect(merged.version).toBe(1)
      const again = await merged.merge(options)
      expect(again.version).toBe(1)
      expect(again.lastWrite.committed).toBe(false)
      const provenance = await merged.merge({ ...options, appTransactions: [{ appId: 'in', version: 4 }] })
      expect(provenance.version).toBe(2)
      expect(provenance.appTransactions.get('in')).toBe(4)
      expect(await read(provenance)).toEqual(await read(merged))
    })

    it('D-64: several source rows for one target row are an error, unless no clause applies to more than one', async () => {
      const table = await tableOf([[1, 'a', 1]])
      const twice = frame([
        [1, 'x', 1],
        [1, 'y', 2],
      ])
      const before = await table.location.store.list('t')
      await expect(table.merge({ source: twice, on: ['k'], whenMatchedUpdate: {} })).rejects.toMatchObject({
        code: 'DW-TABLE-0007',
      })
      expect(await table.location.store.list('t')).toEqual(before)
      const one = await table.merge({ source: twice, on: ['k'], whenMatchedUpdate: { condition: source('n').eq(2) } })
      expect(await read(one)).toEqual([[1, 'y', 2]])
      expect(
        await read(await table.merge({ source: twice, on: ['k'], whenMatchedDelete: {} }).catch(() => table)),
      ).toBeDefined()
    })

    it('D-64: not matched by source; null keys match nothing; conditions over both sides', async () => {
      const table = await tableOf([
        [1, 'a', 1],
        [2, 'b', 1],
        [null, 'n', 1],
      ])
      const merged = await table
        .merge({
          source: frame([
            [1, 'A', 5],
            [null, 'N', 5],
            [9, 'skip', 0],
          ]),
          on: ['k'],
          whenMatchedDelete: { condition: source('n').lt(target('n')) },
          whenMatchedUpdate: { set: { n: target('n').add(source('n')) } },
          whenNotMatchedInsert: { condition: source('n').gt(0), values: { k: lit(77), v: source('v') } },
          whenNotMatchedBySourceDelete: { condition: target('v').eq('b') },
          whenNotMatchedBySourceUpdate: { set: { v: lit('gone') } },
        })
        .catch((error: unknown) => error)
      expect(merged).toMatchObject({ lastWrite: { metrics: { numTargetRowsNotMatchedBySourceDeleted: 1 } } })
      const { rows } = await session.collect(scan((merged as DeltaTable).provider()).plan)
      expect(
        rows.map((r) => [r[0] === null ? null : Number(r[0]), r[1], r[2] === null ? null : Number(r[2])]).sort(),
      ).toEqual(
        [
          [1, 'a', 6],
          [null, 'gone', 1],
          [77, 'N', null],
        ].sort(),
      )
    })

    it('D-64: names that are unknown or ambiguous are refused', async () => {
      const table = await tableOf([[1, 'a', 1]])
      const base = { source: frame([[1, 'b', 1]]), on: ['k'] }
      await expect(table.merge({ ...base, whenMatchedUpdate: { condition: col('v').eq('x') } })).rejects.toMatchObject({
        code: 'DW-TABLE-0012',
      })
      await expect(
        table.merge({ ...base, whenNotMatchedInsert: { values: { v: target('v') } } }),
      ).rejects.toMatchObject({
        code: 'DW-TABLE-0012',
      })
      await expect(table.merge({ ...base, on: ['zz'], whenMatchedUpdate: {} })).rejects.toMatchObject({
        code: 'DW-TABLE-0012',
      })
    })

    it('D-37: mergeSchema adds columns of the source', async () => {
      const table = await tableOf([
        [1, 'a', 1],
        [2, 'b', 1],
      ])
      const wide = values({ fields: [field('k', int64), field('extra', string)] }, [
        [1n, 'x'],
        [3n, 'y'],
      ])
      const merged = await table.merge({
        source: wide,
        on: ['k'],
        whenMatchedUpdate: {},
        whenNotMatchedInsert: {},
        mergeSchema: true,
      })
      const { rows } = await session.collect(scan(merged.provider()).plan)
      expect([...rows].sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
        [1n, 'a', 1n, 'x'],
        [2n, 'b', 1n, null],
        [3n, null, null, 'y'],
      ])
    })

    it('D-64: agrees with a naive merge, whatever the clauses', async () => {
      const key = fc.option(fc.integer({ min: 0, max: 6 }), { freq: 8 })
      const row = fc.tuple(key, fc.constantFrom('a', 'b', null), fc.integer({ min: 0, max: 3 }))
      const sourceRows = fc.uniqueArray(row, { selector: ([k]) => k ?? -1, maxLength: 6 })
      const clauses = fc.record({
        update: fc.boolean(),
        delete: fc.boolean(),
        insert: fc.boolean(),
        bySource: fc.constantFrom('delete', 'update', null),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(row, { maxLength: 6 }),
          fc.array(row, { maxLength: 6 }),
          sourceRows,
          clauses,
          async (one, two, from, use) => {
            const table = await tableOf(one, two)
            const merged = await table.merge({
              source: frame(from),
              on: ['k'],
              ...(use.delete && { whenMatchedDelete: { condition: source('n').eq(0) } }),
              ...(use.update && {
                whenMatchedUpdate: { condition: target('v').ne(source('v')), set: { v: source('v') } },
              }),
              ...(use.insert && { whenNotMatchedInsert: { condition: source('n').lt(3) } }),
              ...(use.bySource === 'delete' && { whenNotMatchedBySourceDelete: { condition: target('n').eq(1) } }),
              ...(use.bySource === 'update' && {
                whenNotMatchedBySourceUpdate: { condition: target('n').eq(1), set: { v: lit('z') } },
              }),
            })
            const expected = naive([...one, ...two], from, use)
            expect(await read(merged)).toEqual(expected)
            expect(await read(await DeltaTable.open(session, table.uri))).toEqual(await read(merged))
          },
        ),
        { numRuns: 80 },
      )
    })
  })
})

function naive(
  rows: readonly Row[],
  from: readonly Row[],
  use: { update: boolean; delete: boolean; insert: boolean; bySource: string | null },
): Row[] {
  const result: Row[] = []
  for (const [k, v, n] of rows) {
    const match = from.find((s) => k !== null && s[0] === k)
    if (match !== undefined) {
      if (use.delete && match[2] === 0) continue
      result.push(use.update && v !== null && match[1] !== null && v !== match[1] ? [k, match[1], n] : [k, v, n])
    } else if (n === 1 && use.bySource === 'delete') continue
    else result.push([k, n === 1 && use.bySource === 'update' ? 'z' : v, n])
  }
  if (use.insert) {
    for (const s of from) if (s[2] < 3 && !rows.some((r) => s[0] !== null && r[0] === s[0])) result.push(s)
  }
  return sorted(result)
}
