import type { DataFrame } from '@deltaworks/plan'
import type { ObjectMeta } from '@deltaworks/storage'
import {
  commitIngest,
  landingParts,
  planIngest,
  stagedMalformed,
  stageIngest,
  type IngestPlan,
  type StagedIngest,
} from '../ingest.js'
import { disposeLanding } from '../landing-disposal.js'
import { keepProfiles } from '../profile/profile-history.js'
import type { RunContext } from '../run-context.js'
import type { SourceDefinition } from '../source-definition.js'
import type { TableDefinition } from '../table-definition.js'
import { retryStep, type RetryPolicy } from './retry-step.js'
import { writtenBy, type RunProgress } from './run-progress.js'
import type { WrittenHashes } from './written-hashes.js'

/** What the ingest steps of a run have from it. */
export interface IngestionOptions {
  readonly progress: RunProgress
  /** Learns what is added to tables; null: nobody wants hashes. */
  readonly hashes: WrittenHashes | null
  policy(table: TableDefinition): RetryPolicy
  /** To be awaited before each write. */
  beforeWriting(): Promise<void>
  quarantine(rows: DataFrame, step: string): Promise<number>
}

interface PendingIngest {
  readonly staged: StagedIngest
  readonly startMs: number
}

/** The ingest steps of a run: landing files of all its sources to their raw tables. */
export class Ingestion {
  readonly #options: IngestionOptions

  constructor(options: IngestionOptions) {
    this.#options = options
  }

  /**
   * Malformed rows of all sources are quarantined before any raw table says that it has their files.
   * @returns the context for what follows: packed files may be small in the listing, and too large to be kept in memory
   */
  async run(
    tables: readonly TableDefinition[],
    listing: readonly ObjectMeta[],
    context: RunContext,
    inMemoryBytes: number,
  ): Promise<RunContext> {
    const staged: PendingIngest[] = []
    try {
      const { planned, seen } = await this.#stageAll(tables, listing, context, inMemoryBytes, staged)
      await this.#commitAll(staged, seen)
      for (const { table, files } of planned) await disposeLanding(table.source!, files, seen)
      return seen
    } finally {
      // What was committed is not there any more.
      for (const { staged: left } of staged) await left.passed?.discard()
    }
  }

  /** Reads what is new of each source. @param staged gets it, as far as it comes */
  async #stageAll(
    tables: readonly TableDefinition[],
    listing: readonly ObjectMeta[],
    context: RunContext,
    inMemoryBytes: number,
    staged: PendingIngest[],
  ): Promise<{ readonly planned: readonly IngestPlan[]; readonly seen: RunContext }> {
    const { progress, beforeWriting, policy } = this.#options
    let seen = context
    let unpackedBytes = 0
    const planned: IngestPlan[] = []
    for (const table of tables) {
      const startMs = progress.now()
      const step = `ingest ${table.name}`
      const plan = await planIngest(table, listing, seen)
      this.#tellFiles(plan)
      if (plan.pending.length === 0) {
        planned.push(plan)
        progress.unchanged(step, 'ingest', table, startMs)
        continue
      }
      progress.start(context.runId, step, 'ingest')
      seen.lake.session.prepare(plan.pending.reduce((sum, file) => sum + file.sizeBytes, 0))
      const parts = await landingParts(plan, seen)
      unpackedBytes += parts.reduce((sum, part) => sum + part.sizeBytes, 0)
      if (unpackedBytes > inMemoryBytes && seen.keepInMemory) seen = { ...seen, keepInMemory: false }
      // Rows that do not stay in memory are written as they are read.
      if (!seen.keepInMemory) await beforeWriting()
      const own = seen
      const read = await retryStep(step, policy(table), own.signal, (signal) => stageIngest(plan, own, parts, signal))
      planned.push(read)
      // By now they are hashed.
      this.#tellFiles(read)
      staged.push({ staged: read, startMs })
    }
    return { planned, seen }
  }

  /** What was told of a file before is told again in its place: it may have its hash now. */
  #tellFiles({ table, files }: IngestPlan): void {
    const { progress } = this.#options
    const places = new Map(progress.files.flatMap((file, i) => (file.table === table.name ? [[file.path, i]] : [])))
    for (const { path, sizeBytes, sha256, state } of files) {
      const place = places.get(path) ?? progress.files.length
      if (state === 'known' && place < progress.files.length) continue
      progress.files[place] = { table: table.name, path, sizeBytes, sha256, state }
    }
  }

  /** @param staged loses what is committed */
  async #commitAll(staged: PendingIngest[], context: RunContext): Promise<void> {
    const { progress, quarantine, beforeWriting } = this.#options
    const measured = staged.flatMap(({ staged: { measured } }) => measured ?? [])
    const malformed = staged.filter(
      ({ staged }) => staged.rowsMalformed > 0 && staged.table.source!.malformed === 'quarantine',
    )
    if (malformed.length > 0) {
      const rows = malformed.map(({ staged }) => stagedMalformed(staged, context))
      await quarantine(
        rows.reduce((a, b) => a.union(b)),
        'quarantine malformed rows',
      )
    }
    for (let next = staged[0]; next !== undefined; next = staged[0]) {
      await beforeWriting()
      await this.#commit(next, context)
      staged.shift()
    }
    // Batches are compared with those before them, and join them.
    if (measured.length > 0) progress.profiles.push(...(await keepProfiles(measured, context)))
  }

  async #commit({ staged, startMs }: PendingIngest, context: RunContext): Promise<void> {
    const { table, passed, rowsRead, rowsMalformed } = staged
    const former = await context.lake.version(table.path)
    const written = await commitIngest(staged, context)
    if (passed !== null) {
      await this.#options.hashes?.added(table.path, written, { sums: passed.sums, schema: passed.schema, former })
    }
    const { malformed } = table.source!
    this.#options.progress.finish(context.runId, {
      step: `ingest ${table.name}`,
      kind: 'ingest',
      table,
      status: 'written',
      startMs,
      rowsIn: rowsRead,
      rowsQuarantined: malformed === 'quarantine' ? rowsMalformed : 0,
      note: malformedNote(malformed, rowsMalformed),
      ...writtenBy(written),
    })
  }
}

function malformedNote(malformed: SourceDefinition['malformed'], rows: number): string | null {
  if (rows === 0 || malformed === 'quarantine' || malformed === 'fail') return null
  return `${rows} malformed row${rows > 1 ? 's' : ''} ${malformed === 'keep' ? 'kept' : 'dropped'}`
}
