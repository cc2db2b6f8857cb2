import { MemoryStore, type ObjectStore } from '@deltaworks/storage'
import { protocol } from './actions/protocol.js'
import { commit } from './commit.js'
import { readNothing } from './conflict.js'
import { readSnapshot } from './snapshot.js'
import { locationIn } from './table-location.js'
import { noParquet, testFile, testMetadata } from './testing.js'

/** A store whose k-th call fails, before it has done anything or after it has done everything. */
function failing(inner: ObjectStore, k: number, when: 'before' | 'after'): { store: ObjectStore; calls: () => number } {
  let calls = 0
  const store = new Proxy(inner, {
    get(target, property: keyof ObjectStore) {
      const member = target[property]
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        const fail = ++calls === k
        if (fail && when === 'before') throw Object.assign(new Error('injected'), { code: 'DW-STORAGE-0005' })
        const result: unknown = await (member as (...a: unknown[]) => Promise<unknown>).apply(target, args)
        if (fail) throw Object.assign(new Error('injected'), { code: 'DW-STORAGE-0005' })
        return result
      }
    },
  })
  return { store, calls: () => calls }
}

const base = (store: ObjectStore) => ({
  location: locationIn(store, 't'),
  operation: { name: 'WRITE', parameters: {}, metrics: {} },
  reads: readNothing,
  isolation: 'Serializable' as const,
  nowMs: () => 1,
  parquet: noParquet,
})

describe('commit with a store that fails', () => {
  it.each(['before', 'after'] as const)(
    'D-02: call k fails %s its effect: nothing lost, nothing twice',
    async (when) => {
      for (let k = 1; ; k++) {
        const memory = new MemoryStore(`fault-${when}-${k}`)
        const { store, calls } = failing(memory, k, when)
        const intact = locationIn(memory, 't')
        const created = await commit({ ...base(memory), base: null, actions: [protocol(1, 2), testMetadata()] })
        if (created.kind !== 'committed') throw new Error('not created')
        // Somebody else is one version ahead, so that the path of a rebase is taken as well.
        await commit({ ...base(memory), base: created.snapshot, actions: [testFile('other')] })
        let told = false
        try {
          const result = await commit({
            ...base(store),
            base: { ...created.snapshot, location: locationIn(store, 't') },
            actions: [testFile('ours')],
          })
          told = result.kind === 'committed'
        } catch {
          told = false
        }
        const read = await readSnapshot(intact, noParquet)
        expect(read.files.has('ours')).toBe(told)
        expect(read.files.has('other')).toBe(true)
        if (!told) {
          await commit({ ...base(memory), base: read, actions: [testFile('ours')] })
          const again = await readSnapshot(intact, noParquet)
          expect([...again.files.keys()].filter((path) => path === 'ours')).toHaveLength(1)
        }
        if (calls() < k) break
      }
    },
  )
})
