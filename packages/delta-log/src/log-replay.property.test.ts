import fc from 'fast-check'
import { MemoryStore } from '@deltaworks/storage'
import type { Action } from './actions/action.js'
import { protocol } from './actions/protocol.js'
import { removeOf } from './actions/remove-file.js'
import { formatActions, commitPath } from './commit-file.js'
import { readSnapshot } from './snapshot.js'
import { locationIn } from './table-location.js'
import { noParquet, testFile, testMetadata } from './testing.js'

const vector = (n: number) =>
  n === 0 ? null : { storageType: 'i', pathOrInlineDv: `v${n}`, offset: null, sizeBytes: 1, cardinality: 1 }

const step = fc.record({ add: fc.boolean(), file: fc.nat(4), dv: fc.nat(2), app: fc.option(fc.nat(2)) })
const commits = fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 })

let tables = 0
describe('log replay', () => {
  it('D-05: agrees with a naive replay, at every version, whole and incremental', async () => {
    await fc.assert(
      fc.asyncProperty(commits, async (log) => {
        const location = locationIn(new MemoryStore(`replay-${tables++}`), 't')
        const naive: { path: string; dv: number }[][] = [[]]
        const put = (version: number, actions: readonly Action[]) =>
          location.store.put(commitPath(location, version), formatActions(actions), 'create')
        await put(0, [protocol(1, 2), testMetadata()])
        for (const [i, steps] of log.entries()) {
          let live = [...naive.at(-1)!]
          const actions: Action[] = []
          const seen = new Set<string>()
          for (const { add, file, dv } of steps) {
            const key = `${file}/${dv}`
            if (seen.has(key)) continue
            seen.add(key)
            const action = testFile(`f${file}`, { deletionVector: vector(dv) })
            live = live.filter((l) => !(l.path === `f${file}` && l.dv === dv))
            if (add) live.push({ path: `f${file}`, dv })
            actions.push(add ? action : removeOf(action, i))
          }
          for (const { app } of steps)
            if (app !== null) actions.push({ kind: 'txn', appId: `a${app}`, version: i, lastUpdatedMs: null })
          naive.push(live)
          await put(i + 1, actions)
        }
        const first = await readSnapshot(location, noParquet, { version: 0 })
        for (let version = 0; version < naive.length; version++) {
          const expected = naive[version]!.map(({ path, dv }) => `${path} ${dv === 0 ? '' : `v${dv}`}`).sort()
          for (const previous of [undefined, first]) {
            const snapshot = await readSnapshot(
              location,
              noParquet,
              previous === undefined ? { version } : { version, previous },
            )
            const files = [...snapshot.files.values()]
              .map((f) => `${f.path} ${f.deletionVector?.pathOrInlineDv ?? ''}`)
              .sort()
            expect(files).toEqual(expected)
            expect(snapshot.version).toBe(version)
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})
