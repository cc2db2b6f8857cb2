import { isDeltaworksError } from '@deltaworks/schema'
import { openStore, type ObjectMeta } from '@deltaworks/storage'
import { isStale } from './build.js'
import { changesInWords } from './contract/schema-change.js'
import { breakingChangeCode } from './errors.js'
import { fitContract, planIngest } from './ingest.js'
import { runContext, type RunOptions } from './run.js'
import type { RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'

export interface PlannedStep {
  /** `stop`: the definition of the table has changed so that a run would refuse it. */
  readonly action: 'ingest' | 'build' | 'skip' | 'stop'
  readonly table: string
  readonly reason: string
}

const stateText = { new: 'new', changed: 'changed', again: 'asked for again', known: 'in it' } as const

/** What `runLakehouse` would do with the same options. Reads logs and new landing files' hashes, no rows; writes nothing. */
export async function planRun(options: RunOptions): Promise<readonly PlannedStep[]> {
  const listing = await openStore(options.landing).list('')
  const context = runContext(options, listing)
  const steps: PlannedStep[] = []
  const changing = new Set<string>()
  for (const table of options.lakehouse.tables) {
    if (table.source !== null) {
      const step = await planSource(table, listing, context)
      if (step.action === 'ingest') changing.add(table.path)
      steps.push(step)
      continue
    }
    const changed = Object.values(table.from).filter((input) => changing.has(input.path))
    const missing = (await context.lake.table(table.path)) === null
    const stale = missing || changed.length > 0 || (await isStale(table, context))
    if (stale) changing.add(table.path)
    steps.push({
      action: stale ? 'build' : 'skip',
      table: table.path,
      reason: missing
        ? 'it does not exist yet'
        : changed.length > 0
          ? `${changed.map((input) => input.name).join(', ')} will change`
          : stale
            ? 'an input or its definition has changed since it was built'
            : 'its inputs and its definition are those it was built from',
    })
  }
  return steps
}

async function planSource(
  table: TableDefinition,
  listing: readonly ObjectMeta[],
  context: RunContext,
): Promise<PlannedStep> {
  const { pending, files } = await planIngest(table, listing, context)
  if (pending.length === 0) {
    const reason = files.length === 0 ? 'no landing file is asked for' : `all ${files.length} landing files are in it`
    return { action: 'skip', table: table.path, reason }
  }
  try {
    const { changes } = await fitContract(table, [], context)
    const reasons = pending.map((file) => `${file.path} is ${stateText[file.state]}`)
    if (changes.length > 0) reasons.push(`the table changes: ${changesInWords(changes)}`)
    return { action: 'ingest', table: table.path, reason: reasons.join(', ') }
  } catch (error) {
    if (!isDeltaworksError(error) || error.code !== breakingChangeCode) throw error
    return { action: 'stop', table: table.path, reason: error.message }
  }
}
