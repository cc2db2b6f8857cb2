import { openStore } from '@deltaworks/storage'
import { isStale } from './build.js'
import { planIngest } from './ingest.js'
import { runContext, type RunOptions } from './run.js'

export interface PlannedStep {
  readonly action: 'ingest' | 'build' | 'skip'
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
      const { pending, files } = await planIngest(table, listing, context)
      if (pending.length > 0) changing.add(table.path)
      steps.push({
        action: pending.length > 0 ? 'ingest' : 'skip',
        table: table.path,
        reason:
          pending.length > 0
            ? pending.map((file) => `${file.path} is ${stateText[file.state]}`).join(', ')
            : files.length === 0
              ? 'no landing file is asked for'
              : `all ${files.length} landing files are in it`,
      })
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
