import {
  Accumulators,
  Arena,
  GroupTable,
  recordBatch,
  sliceBatch,
  takeColumn,
  type AggregateSpec,
  type Column,
  type RecordBatch,
} from '@deltaworks/columnar'
import { field, type DataType, type Schema } from '@deltaworks/schema'
import { isOverShare, type ExecutionContext } from '../execution-context.js'
import type { SpillableAccount } from '../memory-pool.js'
import { maxSpillLevel, PartitionSpiller, spillPartitions } from '../spill/partition-spiller.js'
import { partsOf, readRun, type SpilledRun } from '../spill/runs.js'
import type { SpillFile } from '../spill/spill-store.js'
import type { BatchStream } from './execution-plan.js'

/** Of the operator's share: tables double, and putting states on disk takes as much again. */
const aggregatePart = 0.25
export const groupRows = 16_384
/** What a table and accumulators take however few their groups are: putting them on disk would free nothing. */
const leastStateBytes = 327_680
/** States are put on disk so many groups at a time. */
const writtenRows = 131_072

/** Groups and their states. */
export interface GroupStates {
  /** Null: one group without a key. */
  readonly table: GroupTable | null
  readonly accumulators: Accumulators
  /** What the account held when there were no groups yet. */
  readonly emptyBytes: number
}

export function groupStates(
  { columnar }: ExecutionContext,
  account: SpillableAccount,
  keyTypes: readonly DataType[],
  specs: readonly AggregateSpec[],
): GroupStates {
  const table = keyTypes.length === 0 ? null : new GroupTable(columnar, account, keyTypes)
  const accumulators = new Accumulators(columnar, account, specs)
  return { table, accumulators, emptyBytes: account.usedBytes }
}

/** Whether states should be put on disk. In a small budget what is around them may be over the share alone. */
export const isOverStates = (context: ExecutionContext, account: SpillableAccount, states: GroupStates): boolean =>
  account.usedBytes - states.emptyBytes > leastStateBytes && isOverShare(context, account, aggregatePart)

export const groupCountOf = ({ table }: GroupStates): number => table?.groupCount ?? 1

/** Writes the group of each row to the arena. @returns its address; 0: there are no keys */
export function assignGroups(arena: Arena, { table }: GroupStates, keys: readonly Column[], rowCount: number): number {
  if (table === null) return 0
  const groupIds = arena.allocate(rowCount * 4)
  table.insert(keys, rowCount, groupIds)
  return groupIds
}

export function closeStates({ table, accumulators }: GroupStates): void {
  table?.close()
  accumulators.close()
}

/** The groups with their results (or partial states), in batches. */
export function* groupBatches(
  context: ExecutionContext,
  account: SpillableAccount,
  schema: Schema,
  states: GroupStates,
  phase: 'partial' | 'final',
): Generator<RecordBatch> {
  const arena = new Arena(context.columnar.heap, account)
  const part = new Arena(context.columnar.heap, account)
  try {
    const groups = groupCountOf(states)
    const keys = states.table?.keys(arena) ?? []
    const { accumulators } = states
    const results = phase === 'partial' ? accumulators.partial(arena, groups) : accumulators.finish(arena, groups)
    yield* partsOf(part, recordBatch(schema, groups, [...keys, ...results]), groupRows)
  } finally {
    part.close()
    arena.close()
  }
}

/** Rows on disk: group keys, then states of some of the aggregates. */
interface StateRuns {
  readonly indexes: readonly number[]
  readonly spiller: PartitionSpiller
}

/** Rows on disk of a distinct aggregate: group keys and arguments, each combination at least once. */
interface DistinctRuns {
  readonly index: number
  readonly spiller: PartitionSpiller
}

/**
 * An aggregate's states on disk, divided by group, for when there are more groups than memory:
 *
 *   states of plain aggregates    ── by key ──────────────────────────────► merged part by part ─► results
 *   values of distinct aggregates ── by key and value ─► each once ─► states ─── by key ──┘
 *
 * So a group may have more distinct values than fit into memory. A part that is too large itself is divided again.
 */
export class SpilledAggregate {
  readonly #context: ExecutionContext
  readonly #account: SpillableAccount
  readonly #file: SpillFile
  readonly #keyTypes: readonly DataType[]
  readonly #specs: readonly AggregateSpec[]
  readonly #level: number
  readonly #states: StateRuns
  readonly #distinct: readonly DistinctRuns[]
  readonly #spillers: PartitionSpiller[] = []

  constructor(
    context: ExecutionContext,
    account: SpillableAccount,
    file: SpillFile,
    keyTypes: readonly DataType[],
    specs: readonly AggregateSpec[],
    level = 0,
  ) {
    this.#context = context
    this.#account = account
    this.#file = file
    this.#keyTypes = keyTypes
    this.#specs = specs
    this.#level = level
    const accumulators = new Accumulators(context.columnar, account, specs)
    const isDistinct = specs.map((_, index) => accumulators.isDistinct(index))
    accumulators.close()
    const all = specs.map((_, index) => index)
    this.#states = this.#stateRuns(all.filter((index) => !isDistinct[index]!))
    this.#distinct = all
      .filter((index) => isDistinct[index]!)
      .map((index) => ({ index, spiller: this.#valueSpiller(index, level) }))
  }

  /** The specs with which states from disk are merged: what was distinct is so by then. */
  get #plainSpecs(): readonly AggregateSpec[] {
    const distinct = new Set(this.#distinct.map(({ index }) => index))
    return this.#specs.map((spec, index) => (distinct.has(index) ? { ...spec, distinct: false } : spec))
  }

  #spiller(types: readonly DataType[], hashedColumns: number, level: number): PartitionSpiller {
    const schema = { fields: types.map((type, i) => field(`c${i}`, type)) }
    const keysOf = (_: Arena, batch: RecordBatch): readonly Column[] => batch.columns.slice(0, hashedColumns)
    const blockBytes = (this.#account.shareBytes * aggregatePart) / 2
    const spiller = new PartitionSpiller(this.#context, this.#account, this.#file, schema, keysOf, level, blockBytes)
    this.#spillers.push(spiller)
    return spiller
  }

  #stateRuns(indexes: readonly number[]): StateRuns {
    const accumulators = new Accumulators(this.#context.columnar, this.#account, this.#specs.map(plain))
    const types = indexes.flatMap((index) => accumulators.partialTypesOf(index))
    accumulators.close()
    return { indexes, spiller: this.#spiller([...this.#keyTypes, ...types], this.#keyTypes.length, this.#level) }
  }

  #valueSpiller(index: number, level: number): PartitionSpiller {
    const types = [...this.#keyTypes, ...this.#specs[index]!.argTypes]
    return this.#spiller(types, types.length, level)
  }

  /** Puts states on disk, and closes them. */
  add(states: GroupStates): void {
    const { table, accumulators } = states
    const arena = new Arena(this.#context.columnar.heap, this.#account)
    try {
      const groups = groupCountOf(states)
      if (groups === 0) return
      const keys = table?.keys(arena) ?? []
      table?.close()
      const { indexes, spiller } = this.#states
      const columns = indexes.flatMap((index) => accumulators.partialOf(index, arena, groups))
      this.#write(spiller, [...keys, ...columns], groups)
      for (const { index, spiller: values } of this.#distinct) {
        const own = new Arena(this.#context.columnar.heap, this.#account)
        try {
          this.#addValues(values, own, keys, accumulators.partialOf(index, own, groups), groups)
        } finally {
          own.close()
        }
      }
    } finally {
      arena.close()
      closeStates(states)
    }
  }

  #write(spiller: PartitionSpiller, columns: readonly Column[], rowCount: number): void {
    const arena = new Arena(this.#context.columnar.heap, this.#account)
    try {
      for (const part of partsOf(arena, recordBatch(spiller.schema, rowCount, columns), writtenRows))
        spiller.write(part)
    } finally {
      arena.close()
    }
  }

  /** Lists of each group's values as rows of the group's key and one value. */
  #addValues(
    spiller: PartitionSpiller,
    arena: Arena,
    keys: readonly Column[],
    lists: readonly Column[],
    groups: number,
  ): void {
    const { columnar } = this.#context
    const offsets = lists[0]!.offsets >>> 2
    const first = columnar.heap.i32[offsets]!
    const count = columnar.heap.i32[offsets + groups]! - first
    if (count === 0) return
    const rows = arena.allocate(count * 4)
    const { i32 } = columnar.heap
    for (let group = 0, item = 0; group < groups; group++) {
      for (const end = i32[offsets + group + 1]! - first; item < end; item++) i32[(rows >>> 2) + item] = group
    }
    const slice = new Arena(columnar.heap, this.#account)
    try {
      for (let start = 0; start < count; start += writtenRows) {
        slice.reset()
        const length = Math.min(writtenRows, count - start)
        const own = keys.map((key) => takeColumn(columnar, slice, key, rows + start * 4, length))
        const values = lists.map(({ children }) => {
          const batch = recordBatch({ fields: [] }, children[0]!.length, [children[0]!])
          return sliceBatch(slice, batch, first + start, first + start + length).columns[0]!
        })
        spiller.write(recordBatch(spiller.schema, length, [...own, ...values]))
      }
    } finally {
      slice.close()
    }
  }

  /** All groups with their results. */
  async *results(schema: Schema): BatchStream {
    const sources: StateRuns[] = [this.#states]
    for (const { index, spiller } of this.#distinct) {
      const target = this.#stateRuns([index])
      const runs = spiller.finish()
      for (const run of runs) await this.#settle(index, run, this.#level, target.spiller)
      sources.push(target)
    }
    const runs = sources.map(({ indexes, spiller }) => ({ indexes, parts: spiller.finish() }))
    for (let part = 0; part < spillPartitions; part++) {
      yield* this.#merge(
        runs.map(({ indexes, parts }) => ({ indexes, run: parts[part]! })),
        schema,
      )
    }
  }

  /** Takes each value of each group once, and adds the states of the plain aggregate over them to `target`. */
  async #settle(index: number, run: SpilledRun, level: number, target: PartitionSpiller): Promise<void> {
    if (run.length === 0) return
    const { columnar } = this.#context
    const keyCount = this.#keyTypes.length
    const spec = this.#specs[index]!
    let states = groupStates(this.#context, this.#account, this.#keyTypes, [spec])
    let values: PartitionSpiller | null = null
    const arena = new Arena(columnar.heap, this.#account)
    const putAway = (spiller: PartitionSpiller): void => {
      arena.reset()
      const groups = groupCountOf(states)
      const keys = states.table?.keys(arena) ?? []
      this.#addValues(spiller, arena, keys, states.accumulators.partialOf(0, arena, groups), groups)
      arena.reset()
    }
    try {
      for await (const batch of readRun(this.#context, this.#account, run)) {
        arena.reset()
        const { rowCount, columns } = batch
        const groupIds = assignGroups(arena, states, columns.slice(0, keyCount), rowCount)
        states.accumulators.updateOf(0, groupIds, columns.slice(keyCount), rowCount, groupCountOf(states))
        arena.reset()
        if (level >= maxSpillLevel || !isOverStates(this.#context, this.#account, states)) continue
        values ??= this.#valueSpiller(index, level + 1)
        putAway(values)
        closeStates(states)
        states = groupStates(this.#context, this.#account, this.#keyTypes, [spec])
      }
      if (values === null) {
        arena.reset()
        const groups = groupCountOf(states)
        const keys = states.table?.keys(arena) ?? []
        this.#write(target, [...keys, ...states.accumulators.plainPartialOf(0, arena, groups)], groups)
      } else putAway(values)
    } finally {
      arena.close()
      closeStates(states)
    }
    if (values === null) return
    for (const part of values.finish()) await this.#settle(index, part, level + 1, target)
    values.close()
  }

  async *#merge(
    sources: readonly { readonly indexes: readonly number[]; readonly run: SpilledRun }[],
    schema: Schema,
  ): BatchStream {
    if (sources.every(({ run }) => run.length === 0)) return
    const specs = this.#plainSpecs
    const fresh = (): GroupStates => groupStates(this.#context, this.#account, this.#keyTypes, specs)
    const keyCount = this.#keyTypes.length
    const divides = this.#level < maxSpillLevel && keyCount > 0
    const arena = new Arena(this.#context.columnar.heap, this.#account)
    let states = fresh()
    let rest: SpilledAggregate | null = null
    try {
      for (const { indexes, run } of sources) {
        for await (const batch of readRun(this.#context, this.#account, run)) {
          arena.reset()
          const { rowCount, columns } = batch
          const groupIds = assignGroups(arena, states, columns.slice(0, keyCount), rowCount)
          const groups = groupCountOf(states)
          states.accumulators.mergePartialOf(indexes, groupIds, columns.slice(keyCount), rowCount, groups)
          arena.reset()
          if (!divides || !isOverStates(this.#context, this.#account, states)) continue
          rest ??= new SpilledAggregate(
            this.#context,
            this.#account,
            this.#file,
            this.#keyTypes,
            specs,
            this.#level + 1,
          )
          rest.add(states)
          states = fresh()
        }
      }
      arena.reset()
      if (rest === null) yield* groupBatches(this.#context, this.#account, schema, states, 'final')
      else {
        rest.add(states)
        yield* rest.results(schema)
      }
    } finally {
      rest?.close()
      closeStates(states)
      arena.close()
    }
  }

  close(): void {
    for (const spiller of this.#spillers) spiller.close()
  }
}

const plain = (spec: AggregateSpec): AggregateSpec => ({ ...spec, distinct: false })
