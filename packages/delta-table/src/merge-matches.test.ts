import fc from 'fast-check'
import { col } from '@deltaworks/expression'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { operationContext } from './operation-context.js'
import type { MergeOptions } from './operations/merge/merge-options.js'
import { mergeRows } from './operations/merge/merge.js'
import { newUri, testSession } from './testing-table.js'

type Row = readonly [k: number | null, v: string | null, n: number]
const schema: Schema = { fields: [field('k', int64), field('v', string), field('n', int64)] }
const frame = (rows: readonly Row[]): DataFrame =>
  values(
    schema,
    rows.map(([k, v, n]): Value[] => [k === null ? null : BigInt(k), v, BigInt(n)]),
  )
const source = (name: string) => col(name, 'source')
const target = (name: string) => col(name, 'target')

/** Rows, and what the commit counted, of a merge that holds its pairs up to a limit. */
async function merged(files: readonly (readonly Row[])[], options: MergeOptions, limit: number, vectors: boolean) {
  const properties = vectors ? { 'delta.enableDeletionVectors': 'true' } : {}
  let table = await DeltaTable.createWith(testSession, newUri(), frame(files[0]!), { schema, properties })
  for (const rows of files.slice(1)) table = await table.append(frame(rows))
  const context = operationContext(testSession, table.snapshot.location)
  try {
    const result = await mergeRows(context, table.snapshot, options, limit)
    const after = await table.refresh()
    const { rows } = await testSession.collect(scan(after.provider()).plan)
    const { metrics } = result?.report ?? { metrics: null }
    const kept = metrics === null ? null : Object.entries(metrics).filter(([name]) => !name.includes('Bytes'))
    return { rows: rows.map((row) => row.map(String).join()).sort(), kept }
  } catch (error) {
    return { error: (error as { code?: string }).code }
  }
}

describe('merges whose pairs are few', () => {
  it('D-65: give what those do that are counted by queries, whatever the clauses', async () => {
    const key = fc.option(fc.integer({ min: 0, max: 5 }), { freq: 8 })
    const row = fc.tuple(key, fc.constantFrom('a', 'b', null), fc.integer({ min: 0, max: 3 }))
    const clause = fc.constantFrom('update', 'delete', 'update where', 'delete where', 'all', 'own')
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 6 }),
        fc.array(row, { minLength: 1, maxLength: 6 }),
        fc.array(row, { maxLength: 5 }),
        fc.uniqueArray(clause, { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async (one, two, from, clauses, inserts, hasRest, vectors) => {
          const on = source('k').eq(target('k'))
          const options: MergeOptions = {
            source: frame(from),
            on: hasRest ? on.and(target('n').lt(source('n').add(2n))) : ['k'],
            whenMatched: clauses.map((name) => {
              if (name === 'update') return { kind: 'update' as const, set: { v: source('v') } }
              if (name === 'all') return { kind: 'update' as const }
              if (name === 'own') return { kind: 'update' as const, set: { n: target('n').add(source('n')) } }
              if (name === 'delete') return { kind: 'delete' as const }
              const condition = target('n').gt(source('n'))
              return name === 'delete where'
                ? { kind: 'delete' as const, condition }
                : { kind: 'update' as const, condition, set: { n: source('n') } }
            }),
            ...(inserts && { whenNotMatchedInsert: {} }),
          }
          const held = await merged([one, two], options, 100, vectors)
          expect(held).toEqual(await merged([one, two], options, 0, vectors))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('D-65: more pairs than are held are counted: a source row may match any number of rows', async () => {
    const rows = Array.from({ length: 50 }, (_, i): Row => [i % 5, 'a', i])
    const options: MergeOptions = { source: frame([[3, 'b', 0]]), on: ['k'], whenMatchedUpdate: {} }
    const few = await merged([rows], options, 10, false)
    expect(few).toEqual(await merged([rows], options, 9, false))
    expect(few.rows?.filter((row) => row.includes('b'))).toHaveLength(10)
  })
})
