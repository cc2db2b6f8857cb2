import { scan, type DataFrame } from '@deltaworks/plan'
import { isStale } from '../build.js'
import type { RunContext } from '../run-context.js'
import type { TableDefinition } from '../table-definition.js'

/** Columnar memory that a byte of Parquet becomes, about. */
const expansion = 4

/**
 * Inputs that several builds of a run read: their rows are brought into memory once, if there is room for them, and let go when
 * the last of these builds has ended.
 */
export class SharedInputs {
  readonly #tables: readonly TableDefinition[]
  readonly #ended = new Set<TableDefinition>()
  /** One reads a table into memory, the others wait for it. */
  readonly #reading = new Map<string, Promise<boolean>>()

  /** @param tables that the run may build */
  constructor(tables: readonly TableDefinition[]) {
    this.#tables = tables
  }

  /** @param rows of the input, as it would be read */
  async rowsOf(input: TableDefinition, rows: DataFrame, context: RunContext): Promise<DataFrame> {
    if (context.keepInMemory || context.pinned.size > 0) return rows
    const { frames } = context.lake
    const key = keyOf(input)
    const before = this.#reading.get(key)
    if (before !== undefined) {
      await before
      return frames.has(key) ? (frames.get(key) ?? rows) : rows
    }
    const reading = this.#read(input, rows, context)
    const settled = reading.then(
      (read) => read !== null,
      () => false,
    )
    this.#reading.set(key, settled)
    // Who comes later may find that it is worth it.
    if (!(await settled)) this.#reading.delete(key)
    return (await reading) ?? rows
  }

  /** @returns null if it is not worth it, or would not fit */
  async #read(input: TableDefinition, rows: DataFrame, context: RunContext): Promise<DataFrame | null> {
    const { frames, session } = context.lake
    const { sizeInBytes } = (await context.lake.existing(input.path)).detail()
    if (sizeInBytes * expansion > frames.limitBytes || !(await this.#isWantedAgain(input, context))) return null
    const kept = scan(await session.materialise(rows, { name: input.name, signal: context.signal }))
    frames.put(keyOf(input), kept)
    return kept
  }

  /** A build has ended, well or not, or was not needed. */
  ended(table: TableDefinition, { lake }: RunContext): void {
    this.#ended.add(table)
    for (const input of Object.values(table.from)) {
      if (this.#readers(input).length === 0) lake.frames.forget(keyOf(input))
    }
  }

  /** Those that are still to be built from it. One that looks for what was appended reads the table itself. */
  #readers(input: TableDefinition): readonly TableDefinition[] {
    return this.#tables.filter(
      (table) => !this.#ended.has(table) && !table.incremental && Object.values(table.from).includes(input),
    )
  }

  async #isWantedAgain(input: TableDefinition, context: RunContext): Promise<boolean> {
    let readers = 0
    for (const table of this.#readers(input)) {
      if (await isStale(table, context)) readers++
      if (readers > 1) return true
    }
    return false
  }
}

const keyOf = ({ path }: TableDefinition): string => `shared ${path}`
