import { MemoryStore } from '@deltaworks/storage'
import { commit } from '../commit.js'
import type { IsolationLevel } from '../conflict.js'
import { requiredProtocol } from '../features/required-protocol.js'
import { readSnapshot, type Snapshot } from '../snapshot.js'
import { locationIn } from '../table-location.js'
import { noParquet, testMetadata, testSchema } from '../testing.js'
import { modelFile, rowsOf, type ModelOperation, type ModelRow } from './model-operations.js'
import { SteppedStore, type Outcome } from './stepped-store.js'

/*
 * Exhaustive search of what writers can do to each other: the code that commits and that finds conflicts is the real one, on a
 * store whose calls happen one at a time in an order that the search chooses. At each step any writer may go on, or die before
 * or after its call took effect, or never hear that its put took effect.
 *
 * Two runs in which the log is the same, and every writer has seen the same and is at the same call, go on alike: each such
 * state is visited once. A state is reached again by running its steps from the start.
 */

export interface ModelRun {
  readonly operations: readonly ModelOperation[]
  readonly isolation: IsolationLevel
  /** Also let writers crash, and answers be lost. */
  readonly faults: boolean
}

export interface ModelResult {
  readonly states: number
  readonly steps: number
  /** What went wrong, with the steps that lead there; empty: nothing can. */
  readonly violations: readonly string[]
}

interface Step {
  readonly writer: number
  readonly outcome: Outcome | 'begin'
}

type Ending = 'running' | 'committed' | 'conflicted' | 'nothing to do' | 'failed' | 'crashed'

const initialRows: readonly (readonly ModelRow[])[] = [
  [
    { id: 1, value: 1 },
    { id: 2, value: 2 },
    { id: 3, value: 3 },
  ],
  [{ id: 4, value: 1 }],
]

/** Tries again after a conflict this often, as the operations on real tables do (there, more often). */
const maxRetries = 1

export async function checkModel(run: ModelRun): Promise<ModelResult> {
  const seen = new Set<string>()
  const violations: string[] = []
  let steps = 0
  const pending: (readonly Step[])[] = [[]]
  while (pending.length > 0) {
    const path = pending.pop()!
    const world = await World.create(run)
    for (const step of path) await world.take(step)
    steps += path.length
    const key = await world.key()
    if (seen.has(key)) continue
    seen.add(key)
    const next = world.choices()
    for (const step of next) pending.push([...path, step])
    const problem = await world.problem(next.length === 0)
    if (problem !== null) violations.push(`${problem} after ${path.map(shown).join(', ')}`)
  }
  return { states: seen.size, steps, violations }
}

const shown = ({ writer, outcome }: Step): string => `${writer} ${outcome}`

class Writer {
  readonly stepped: SteppedStore
  ending: Ending | 'waiting' = 'waiting'
  /** Versions that it made its actions for, and calls since: with the log they tell all that it knows. */
  readonly bases: number[] = []
  calls = 0
  hasLost = false

  constructor(store: MemoryStore) {
    this.stepped = new SteppedStore(store)
  }
}

class World {
  readonly #run: ModelRun
  readonly #store: MemoryStore
  readonly #writers: readonly Writer[]
  #faults = 0

  private constructor(run: ModelRun, store: MemoryStore) {
    this.#run = run
    this.#store = store
    this.#writers = run.operations.map(() => new Writer(store))
  }

  static async create(run: ModelRun): Promise<World> {
    const store = new MemoryStore('model', () => 1)
    const configuration = { 'delta.enableDeletionVectors': 'true', 'delta.checkpointInterval': '1000' }
    const created = await commit({
      location: locationIn(store, 't'),
      base: null,
      actions: [
        requiredProtocol(testSchema, configuration),
        testMetadata({ configuration }),
        ...initialRows.map((rows, i) => modelFile(`initial-${i}`, rows)),
      ],
      operation: { name: 'CREATE TABLE', parameters: {}, metrics: {} },
      reads: { wholeTable: false, predicates: [], files: new Set() },
      isolation: run.isolation,
      nowMs: () => 1,
      parquet: noParquet,
    })
    if (created.kind !== 'committed') throw new TypeError('the table of the model could not be made')
    return new World(run, store)
  }

  choices(): readonly Step[] {
    return this.#writers.flatMap((writer, i): Step[] => {
      if (writer.ending === 'waiting') return [{ writer: i, outcome: 'begin' }]
      const { call } = writer.stepped
      if (call === null || writer.ending !== 'running') return []
      const outcomes: Outcome[] = ['done']
      // One fault a run, of each writer and at each step: several are several runs of this.
      if (this.#run.faults && this.#faults === 0) {
        outcomes.push('crash before')
        if (call.verb === 'put') outcomes.push('crash after', 'lost')
      }
      return outcomes.map((outcome) => ({ writer: i, outcome }))
    })
  }

  async take({ writer: index, outcome }: Step): Promise<void> {
    const writer = this.#writers[index]!
    if (outcome === 'begin') void this.#start(writer, index)
    else {
      writer.calls++
      if (outcome !== 'done') this.#faults++
      if (outcome === 'lost') writer.hasLost = true
      if (outcome === 'crash before' || outcome === 'crash after') writer.ending = 'crashed'
      await writer.stepped.step(outcome)
    }
    // Everything that follows without another call.
    await new Promise((resolve) => setImmediate(resolve))
  }

  async #start(writer: Writer, index: number): Promise<void> {
    writer.ending = 'running'
    const operation = this.#run.operations[index]!
    try {
      for (let attempt = 0; ; attempt++) {
        // Reading a version is one step: whatever is committed meanwhile is in a later version.
        const base = await this.#read(writer)
        writer.bases.push(base.version)
        const intention = await operation.intend(base, index)
        if (intention === null) return void (writer.ending = 'nothing to do')
        const result = await commit({
          isolation: this.#run.isolation,
          ...intention,
          location: base.location,
          base,
          operation: { name: operation.name, parameters: {}, metrics: {} },
          userMetadata: String(index),
          nowMs: () => 1,
          parquet: noParquet,
        })
        if (result.kind === 'committed') return void (writer.ending = 'committed')
        if (attempt === maxRetries) return void (writer.ending = 'conflicted')
      }
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith('DW-STORAGE')) throw error
      writer.ending = 'failed'
    }
  }

  async #read(writer: Writer): Promise<Snapshot> {
    const snapshot = await this.snapshot()
    return { ...snapshot, location: locationIn(writer.stepped.store, 't') }
  }

  snapshot(): Promise<Snapshot> {
    return readSnapshot(locationIn(this.#store, 't'), noParquet)
  }

  /** Writers of the commits, in their order. */
  async #log(): Promise<readonly number[]> {
    const order: number[] = []
    for (const { path } of await this.#store.list('t/_delta_log', { recursive: false })) {
      if (!path.endsWith('.json')) continue
      const text = Buffer.from(await this.#store.get(path)).toString()
      const info = JSON.parse(text.slice(0, text.indexOf('\n'))) as { commitInfo: { userMetadata?: string } }
      if (info.commitInfo.userMetadata !== undefined) order.push(Number(info.commitInfo.userMetadata))
    }
    return order
  }

  async key(): Promise<string> {
    const known = this.#writers.map((w) => [w.ending, w.bases, w.calls, w.hasLost, w.stepped.call])
    return JSON.stringify([await this.#log(), known])
  }

  /** @param isLast nobody goes on from here */
  async problem(isLast: boolean): Promise<string | null> {
    const log = await this.#log()
    const rows = sortedText(await rowsOf(await this.snapshot()))
    for (const [index, { ending }] of this.#writers.entries()) {
      const count = log.filter((writer) => writer === index).length
      if (count > 1) return `writer ${index} is in the log ${count} times`
      if (ending === 'committed' && count === 0) return `the commit that writer ${index} was told of is not in the log`
      if ((ending === 'conflicted' || ending === 'nothing to do') && count > 0) {
        return `writer ${index} was told "${ending}" and is in the log`
      }
      if (isLast && ending === 'running') return `writer ${index} waits for ever`
    }
    const start = initialRows.flat()
    const orders = this.#run.isolation === 'Serializable' ? [log] : permutations(log)
    const isSerial = orders.some((order) => {
      const result = order.reduce<readonly ModelRow[]>((r, writer) => this.#run.operations[writer]!.apply(r), start)
      return sortedText(result) === rows
    })
    if (isSerial) return null
    const names = log.map((writer) => this.#run.operations[writer]!.name).join(', ')
    return `the table has ${rows}, which no serial order of (${names}) gives`
  }
}

const sortedText = (rows: readonly ModelRow[]): string =>
  rows
    .map(({ id, value }) => `${id}:${value}`)
    .sort()
    .join(' ')

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length < 2) return [items]
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  )
}
