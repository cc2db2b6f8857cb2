import { readNothing } from '../conflict.js'
import { checkModel } from './check-model.js'
import {
  append,
  appendOnce,
  deleteMarking,
  deleteRewriting,
  insertIfAbsent,
  optimize,
  overwrite,
  setProperty,
  update,
  type ModelOperation,
} from './model-operations.js'

/* `node benchmarks/dist/delta/model-check.js` runs every three of the operations. */

const triples: readonly (readonly ModelOperation[])[] = [
  [append(9, 1), deleteMarking(1), optimize],
  [deleteMarking(1), deleteMarking(2), update(3, 1)],
  [insertIfAbsent(9, 1), insertIfAbsent(9, 2), deleteRewriting(1)],
  [overwrite(9, 1), append(8, 1), setProperty],
]
const pairs: readonly (readonly ModelOperation[])[] = [
  [deleteMarking(1), update(2, 1)],
  [appendOnce(77, 7), appendOnce(77, 7)],
]
const named = (runs: readonly (readonly ModelOperation[])[]) =>
  runs.map((operations) => [operations.map(({ name }) => name).join(' | '), operations] as const)

describe('commit protocol, every order of the steps of its writers', () => {
  for (const isolation of ['Serializable', 'WriteSerializable'] as const) {
    it.each(named(triples))(`D-02 D-03 D-04: ${isolation}: %s`, async (_, operations) => {
      const result = await checkModel({ operations, isolation, faults: false })
      expect(result.violations).toEqual([])
      expect(result.states).toBeGreaterThan(50)
    })
    it.each(named(pairs))(
      `D-02 D-03: ${isolation}, with a crash or a lost answer at every step: %s`,
      async (_, operations) => {
        const result = await checkModel({ operations, isolation, faults: true })
        expect(result.violations).toEqual([])
        expect(result.states).toBeGreaterThan(20)
      },
    )
  }

  it('D-03: an operation that hides what it has read is caught', async () => {
    const hiding: ModelOperation = {
      ...insertIfAbsent(9, 2),
      intend: async (snapshot, writer) => {
        const intention = await insertIfAbsent(9, 2).intend(snapshot, writer)
        return intention === null ? null : { ...intention, reads: readNothing }
      },
    }
    const operations = [insertIfAbsent(9, 1), hiding]
    const { violations } = await checkModel({ operations, isolation: 'Serializable', faults: false })
    expect(violations[0]).toMatch(/no serial order/)
  })

  it('D-03: rows that no operation should have written are caught', async () => {
    const lying: ModelOperation = { ...append(9, 1), apply: (rows) => rows }
    const { violations } = await checkModel({ operations: [lying], isolation: 'Serializable', faults: false })
    expect(violations[0]).toMatch(/no serial order/)
  })
})
