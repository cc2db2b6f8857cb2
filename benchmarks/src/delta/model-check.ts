import {
  append,
  appendOnce,
  checkModel,
  deleteMarking,
  deleteRewriting,
  insertIfAbsent,
  optimize,
  overwrite,
  setProperty,
  update,
  type ModelOperation,
} from '@deltaworks/delta-log/model'
import { commandLine } from '../command-line.js'
import { writeResult } from './write-result.js'

/**
 * Every order of the steps of the writers of a table, over the code that commits and finds conflicts.
 *   node benchmarks/dist/delta/model-check.js [--writers 3] [--faults] [--first N]
 * --faults: also a crash before and after each step, and a lost answer. --first: only so many groups of operations.
 */
const { values: options } = commandLine({
  options: {
    writers: { type: 'string', default: '3' },
    faults: { type: 'boolean', default: false },
    first: { type: 'string' },
  },
})

const operations: readonly ModelOperation[] = [
  append(9, 1),
  deleteMarking(1),
  deleteRewriting(1),
  update(1, 2),
  update(2, 1),
  insertIfAbsent(9, 1),
  optimize,
  overwrite(9, 1),
  setProperty,
  appendOnce(77, 7),
]

function* groups(size: number, from = 0): Generator<readonly ModelOperation[]> {
  if (size === 0) return void (yield [])
  for (let i = from; i < operations.length; i++) {
    for (const rest of groups(size - 1, i)) yield [operations[i]!, ...rest]
  }
}

const writers = Number(options.writers)
const start = performance.now()
const totals = { groups: 0, states: 0, steps: 0, violations: 0 }
const all = [...groups(writers)].slice(0, options.first === undefined ? undefined : Number(options.first))
for (const group of all) {
  for (const isolation of ['Serializable', 'WriteSerializable'] as const) {
    const { states, steps, violations } = await checkModel({ operations: group, isolation, faults: options.faults })
    totals.groups++
    totals.states += states
    totals.steps += steps
    totals.violations += violations.length
    for (const violation of violations.slice(0, 3)) console.log(`${isolation}: ${violation}`)
  }
}
const seconds = (performance.now() - start) / 1000
console.log(
  `${totals.groups} groups of ${writers} writers, ${totals.states} states, ${totals.steps} steps, ` +
    `${totals.violations} violations, ${seconds.toFixed(0)} s`,
)
writeResult(`delta-model-${writers}${options.faults ? '-faults' : ''}`, 'model-check.js', { ...totals, seconds })
process.exitCode = totals.violations === 0 ? 0 : 1
