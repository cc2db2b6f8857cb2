import { col } from '@deltaworks/expression'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { field, int64, type Schema } from '@deltaworks/schema'
import { openStore, type ObjectStore } from '@deltaworks/storage'
import { DeltaTable } from './delta-table.js'
import { ReferenceSession } from './reference-session.js'

/* Every call to the store, one after the other, fails: before it has had its effect, or after. */

const session = new ReferenceSession()
const schema: Schema = { fields: [field('id', int64), field('n', int64)] }
const rowsOf = (...ids: number[]): DataFrame =>
  values(
    schema,
    ids.map((id) => [BigInt(id), BigInt(id * 10)]),
  )
const read = async (table: DeltaTable): Promise<string> =>
  (await session.collect(scan(table.provider()).plan)).rows
    .map((row) => row.join(' '))
    .sort()
    .join(',')

const methods = ['get', 'getInto', 'put', 'list', 'exists', 'head', 'delete', 'writer'] as const

/** Makes the k-th call fail until it is called off. */
function sabotage(store: ObjectStore, k: number, when: 'before' | 'after'): { calls: () => number; stop: () => void } {
  let calls = 0
  const target = store as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  for (const name of methods) {
    const original = target[name]!.bind(store)
    target[name] = async (...args) => {
      const fails = ++calls === k
      const failure = Object.assign(new Error('injected'), { code: 'DW-STORAGE-0005' })
      if (fails && when === 'before') throw failure
      const result = await original(...args)
      if (fails) throw failure
      return result
    }
  }
  return {
    calls: () => calls,
    stop: () => {
      for (const name of methods) delete target[name]
    },
  }
}

const operations: Readonly<Record<string, (table: DeltaTable) => Promise<unknown>>> = {
  append: (table) => table.append(rowsOf(7)),
  overwrite: (table) => table.overwrite(rowsOf(8)),
  delete: (table) => table.delete(col('id').eq(1)),
  update: (table) => table.update({ n: col('n').add(1) }, col('id').eq(2)),
  merge: (table) => table.merge({ source: rowsOf(2, 9), on: ['id'], whenMatchedDelete: {}, whenNotMatchedInsert: {} }),
  optimize: (table) => table.optimize(),
  restore: (table) => table.restore({ version: 0 }),
  checkpoint: (table) => table.checkpoint(),
  vacuum: (table) => table.vacuum({ retentionMs: 0, allowShortRetention: true, nowMs: Date.now() + 60_000 }),
}

let tables = 0
const prepared = async (): Promise<DeltaTable> => {
  const uri = `memory://operations-fault-${tables++}/t`
  const table = await DeltaTable.createWith(session, uri, rowsOf(1, 2))
  const more = await table.append(rowsOf(3))
  return more.append(rowsOf(4, 5))
}

describe('operations on a store that fails', () => {
  it.each(Object.keys(operations).flatMap((name) => [[name, 'before'] as const, [name, 'after'] as const]))(
    'D-02: %s, call k fails %s its effect: the table is as it was or as it should be',
    async (name, when) => {
      const operate = operations[name]!
      const whole = await prepared()
      const before = await read(whole)
      await operate(whole)
      const after = await read(await whole.refresh())
      for (let k = 1; k < 200; k++) {
        const table = await prepared()
        const fault = sabotage(openStore(table.location.store.uri), k, when)
        const outcome = await operate(table).then(
          () => 'done',
          (error: unknown) => (error as { code?: string }).code ?? String(error),
        )
        fault.stop()
        const now = await read(await DeltaTable.open(session, table.uri))
        expect([before, after]).toContain(now)
        if (outcome === 'done') expect(now).toBe(after)
        else {
          expect(outcome).toMatch(/^DW-/)
          if (now === before && before !== after) {
            await operate(await table.refresh())
            expect(await read(await table.refresh())).toBe(after)
          }
        }
        if (fault.calls() < k) return
      }
      throw new Error('more than 200 calls to the store')
    },
  )
})
