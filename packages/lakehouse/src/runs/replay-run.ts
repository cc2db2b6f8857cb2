import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { scan, type DataFrame } from '@deltaworks/plan'
import { buildTable } from '../build.js'
import { definitionHash, rulesHash } from '../definition-hash.js'
import { passGate } from '../gate.js'
import { Lake } from '../lake.js'
import type { LakehouseDefinition } from '../lakehouse-definition.js'
import { inputVersions } from '../provenance.js'
import { runContext } from '../run.js'
import type { RunContext } from '../run-context.js'
import type { TableDefinition } from '../table-definition.js'
import { notReplayable } from './errors.js'
import { startOf } from './resume-run.js'
import { requireManifest, software, type RunManifest, type RunOutcome, type Software } from './run-manifest.js'
import { logicalHash } from './table-hash.js'

export interface ReplayOptions {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  /** The lake that has the run. */
  readonly root: string
  readonly runId: string
  /** A lake of its own, where the tables are made again; empty. */
  readonly into: string
  readonly signal?: AbortSignal
}

export interface Replay {
  readonly tables: readonly ReplayedTable[]
  /** What the run was made by, if it is known, and what it was replayed by. */
  readonly software: { readonly then: Software | null; readonly now: Software }
}

export interface ReplayedTable {
  readonly table: string
  /** `built` again; `read`: rows that landed, which are there as the run left them. */
  readonly how: 'built' | 'read'
  /** Version that the run made. */
  readonly version: number
  readonly expected: string
  readonly actual: string
  readonly equal: boolean
}

/**
 * Makes the tables of a run again, from the versions that it read, with its clock and configuration and the definitions and
 * rules of today, which must be those of then; and compares the rows. No function of a query draws random numbers, so there is
 * no seed to be pinned.
 * @throws LakehouseError DW-LAKEHOUSE-0042, 0044
 */
export async function replayRun(options: ReplayOptions): Promise<Replay> {
  const manifest = await requireManifest(options.root, options.runId)
  const outcome = replayable(manifest, options)
  const replay = new TableReplay(manifest, outcome, options)
  const results: ReplayedTable[] = []
  for (const table of options.lakehouse.tables) {
    if (!outcome.written.includes(table.path)) continue
    results.push(await (table.build === null ? replay.landed(table) : replay.table(table)))
  }
  return { tables: results, software: { then: manifest.software ?? null, now: software } }
}

function replayable(manifest: RunManifest, { lakehouse, runId, into, root }: ReplayOptions): RunOutcome {
  const { finished, configuration } = manifest
  if (finished === null) throw notReplayable(runId, 'it has not ended; resume it first')
  if (into === root) throw notReplayable(runId, 'its tables would be written over; give another lake with --into')
  const changed = lakehouse.tables.filter(
    (table) =>
      finished.written.includes(table.path) &&
      definitionHash(table, configuration) !== manifest.definitions[table.path],
  )
  if (changed.length > 0) {
    const names = changed.map(({ name }) => name).join(', ')
    throw notReplayable(runId, `the definition of ${names} has changed since; check out the code that it ran with`)
  }
  const context = { configuration: configuration as never, nowMicros: BigInt(manifest.nowMicros) }
  const ruled = lakehouse.tables.filter(
    (table) => manifest.rules !== undefined && rulesHash(table, context) !== manifest.rules[table.path],
  )
  if (ruled.length > 0) {
    const names = ruled.map(({ name }) => name).join(', ')
    throw notReplayable(runId, `the rules of ${names} have changed since; check out the code that it ran with`)
  }
  return finished
}

class TableReplay {
  readonly #manifest: RunManifest
  readonly #outcome: RunOutcome
  readonly #options: ReplayOptions
  readonly #context: RunContext
  readonly #original: Lake
  readonly #good = new Map<string, DataFrame>()

  constructor(manifest: RunManifest, outcome: RunOutcome, options: ReplayOptions) {
    this.#manifest = manifest
    this.#outcome = outcome
    this.#options = options
    const { lakehouse, session, into, signal } = options
    const start = { ...startOf(manifest), lakehouse, session, root: into, ...(signal === undefined ? {} : { signal }) }
    this.#context = { ...runContext(start, []), keepInMemory: false }
    this.#original = new Lake(session, options.root, new Map(Object.entries(outcome.versions)), 'absent')
  }

  /** Rows that landed are not read from their files again: they are pinned, and must be what they were. */
  async landed(table: TableDefinition): Promise<ReplayedTable> {
    const { session, signal } = this.#options
    const original = await this.#original.existing(table.path)
    const actual = await logicalHash(session, scan(original.provider()), signal)
    const expected = this.#outcome.hashes[table.path] ?? actual
    return { table: table.name, how: 'read', version: original.version, expected, actual, equal: expected === actual }
  }

  async table(table: TableDefinition): Promise<ReplayedTable> {
    const { session, signal } = this.#options
    const original = await this.#original.existing(table.path)
    const read = inputVersions(table, await this.#original.ledger(table.path))
    const inputs: Record<string, DataFrame> = {}
    for (const [name, input] of Object.entries(table.from)) {
      inputs[name] = await this.#input(input, read.get(input.path) ?? this.#outcome.versions[input.path]!)
    }
    await this.#layBase(table)
    const built = await buildTable(table, inputs, this.#context)
    if (built.table === null) throw notReplayable(this.#options.runId, `a critical rule fails on ${table.name} now`)
    const expected = this.#outcome.hashes[table.path] ?? (await logicalHash(session, scan(original.provider()), signal))
    const actual = await logicalHash(session, scan(built.table.provider()), signal)
    return { table: table.name, how: 'built', version: original.version, expected, actual, equal: expected === actual }
  }

  /** What a build read: a table that was made again, or the version of then, passed through its gate if it is raw. */
  async #input(input: TableDefinition, version: number): Promise<DataFrame> {
    const { lake } = this.#context
    const remade = await lake.table(input.path)
    if (remade !== null && input.source === null) return lake.frame(input.path)
    const known = this.#good.get(input.path)
    if (known !== undefined) return known
    const { session, root } = this.#options
    const pinned = await DeltaTable.open(session, new Lake(session, root).uri(input.path), { version })
    lake.wrote(input.path, pinned)
    const rows = scan(pinned.provider())
    const good = input.source === null ? rows : (await passGate(input, rows, this.#context)).good
    this.#good.set(input.path, good)
    return good
  }

  /** Rows are merged into what was there before the run. */
  async #layBase(table: TableDefinition): Promise<void> {
    const before = this.#manifest.before[table.path] ?? -1
    if (table.write.kind !== 'merge' || before < 0) return
    const { session, root, into } = this.#options
    const base = await DeltaTable.open(session, new Lake(session, root).uri(table.path), { version: before })
    const uri = new Lake(session, into).uri(table.path)
    const laid = await DeltaTable.createWith(session, uri, scan(base.provider()), {
      schema: base.schema,
      partitionBy: base.partitionColumns,
    })
    this.#context.lake.wrote(table.path, laid)
  }
}
