import { col, lit } from '@deltaworks/expression'
import { DataFrame, type LogicalPlan } from '@deltaworks/plan'
import { field, int32 } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { pipeStream } from './streaming/stream-pipe.js'
import type { StreamOffset, StreamSourceOptions } from './streaming/stream-source.js'
import { newUri, peopleOf, rowsIn, testSession as session } from './testing-table.js'

const ids = async (plan: LogicalPlan): Promise<number[]> =>
  (await session.collect(plan)).rows.map(([id]) => Number(id)).sort((a, b) => a - b)

/** Every batch from an offset on, as ids; offsets go through JSON, as they do between runs. */
async function drain(table: DeltaTable, options: StreamSourceOptions, from: StreamOffset | null = null) {
  const batches: number[][] = []
  let offset = from
  for (;;) {
    const batch = await (await table.refresh()).nextBatch(offset, options)
    if (batch === null) return { batches, offset }
    batches.push(await ids(batch.plan))
    offset = JSON.parse(JSON.stringify(batch.offset)) as StreamOffset
  }
}

const tableOf = async (commits: number): Promise<DeltaTable> => {
  let table = await DeltaTable.createWith(session, newUri(), peopleOf([0, 'a']))
  for (let i = 1; i < commits; i++) table = await table.append(peopleOf([i, 'x']))
  return table
}

describe('a table as a source of micro-batches', () => {
  it('D-85: first the rows that are there, then those of each later version; nothing twice, nothing lost', async () => {
    const table = await tableOf(3)
    const first = await drain(table, {})
    expect(first.batches).toEqual([[0, 1, 2]])
    const grown = await (await table.append(peopleOf([3, 'x']))).append(peopleOf([4, 'x']))
    const next = await drain(grown, {}, first.offset)
    expect(next.batches).toEqual([[3, 4]])
    // Compaction moves rows, and brings none.
    const packed = await grown.optimize()
    expect((await drain(packed, {}, next.offset)).batches.flat()).toEqual([])
  })

  it('D-85: from a version, a time, or what comes next', async () => {
    const table = await tableOf(4)
    expect((await drain(table, { from: { version: 2 } })).batches).toEqual([[2, 3]])
    expect((await drain(table, { from: 'latest' })).batches).toEqual([])
    expect((await drain(table, { from: { timestampMs: 0 } })).batches).toEqual([[0, 1, 2, 3]])
  })

  it('D-85: batches are bounded by files and bytes, within a version and across versions', async () => {
    const table = await tableOf(5)
    expect((await drain(table, { maxFiles: 2 })).batches).toEqual([[0, 1], [2, 3], [4]])
    expect((await drain(table, { maxFiles: 2, from: { version: 0 } })).batches).toEqual([[0, 1], [2, 3], [4]])
    expect((await drain(table, { maxBytes: 1 })).batches).toHaveLength(5)
  })

  it('D-85: changed rows stop it, or are passed over', async () => {
    const table = await tableOf(2)
    const { offset } = await drain(table, {})
    const deleted = await table.delete(col('id').eq(0))
    await expect(drain(deleted, {}, offset)).rejects.toMatchObject({ code: 'DW-TABLE-0022', details: { version: 2 } })
    const grown = await deleted.append(peopleOf([7, 'x']))
    expect((await drain(grown, { changes: 'skip' }, offset)).batches).toEqual([[7]])
    expect((await drain(grown, { changes: 'ignore-deletes' }, offset)).batches).toEqual([[7]])
    const updated = await grown.update({ name: lit('u') }, col('id').eq(7))
    await expect(drain(updated, { changes: 'ignore-deletes' }, offset)).rejects.toMatchObject({ code: 'DW-TABLE-0022' })
  })

  it('D-85: a change of the schema stops it where it happens, or begins a batch of its own', async () => {
    let table = await tableOf(2)
    table = await table.addColumns([field('n', int32)])
    table = await table.append(peopleOf([5, 'x']))
    await expect(drain(table, { from: { version: 1 }, schemaChanges: 'fail' })).rejects.toMatchObject({
      code: 'DW-TABLE-0022',
      details: { version: 2 },
    })
    const { batches } = await drain(table, { from: { version: 1 }, schemaChanges: 'follow' })
    expect(batches).toEqual([[1], [5]])
    const commented = await table.alterColumn('name', { comment: 'who' })
    const { offset } = await drain(table, { from: { version: 3 } })
    expect((await drain(await commented.append(peopleOf([6, 'x'])), {}, offset)).batches).toEqual([[6]])
  })

  it('D-85: an offset of another table is refused', async () => {
    const { offset } = await drain(await tableOf(1), {})
    await expect(drain(await tableOf(1), {}, offset)).rejects.toMatchObject({ code: 'DW-TABLE-0022' })
  })
})

describe('a table as a sink', () => {
  it('D-86: a stream that dies between its steps writes each batch once', async () => {
    let source = await tableOf(4)
    let target = await DeltaTable.create(session, newUri(), { schema: peopleOf().schema })
    const checkpoint = newUri()
    const pipe = (died: 'planned' | 'written' | null, maxBatches?: number) =>
      pipeStream({
        source,
        target,
        checkpoint,
        appId: 'copy',
        read: { maxFiles: 1 },
        ...(maxBatches !== undefined && { maxBatches }),
        transform: (rows, batch) => {
          if (died === 'planned' && batch === 1) throw new Error('killed')
          return new DataFrame(rows).plan
        },
      })
    await expect(pipe('planned')).rejects.toThrow('killed')
    expect(await rowsIn((target = await target.refresh()))).toHaveLength(1)
    // The batch that was planned is written by the next run, though the source has grown.
    source = await source.append(peopleOf([9, 'later']))
    const one = await pipe(null, 1)
    expect(await rowsIn(one.target)).toHaveLength(2)
    // Written, but the run died before it knew: the same batch again is a no-op.
    const rest = await pipe(null)
    expect((await rowsIn(rest.target)).map(([id]) => id)).toEqual([0n, 1n, 2n, 3n, 9n])
    const again = await pipe(null)
    expect([again.batches, again.target.version]).toEqual([0, rest.target.version])
    expect(rest.target.appTransactions.get('copy')).toBe(4)
  })

  it('D-86: complete mode replaces the rows', async () => {
    const source = await tableOf(2)
    const target = await DeltaTable.createWith(session, newUri(), peopleOf([50, 'old']))
    const settings = { target, checkpoint: newUri(), appId: 'c', mode: 'complete' } as const
    const { target: after } = await pipeStream({ source, ...settings })
    expect((await rowsIn(after)).map(([id]) => id)).toEqual([0n, 1n])
  })
})
