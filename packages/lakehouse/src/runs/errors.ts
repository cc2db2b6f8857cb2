import { nearest } from '@deltaworks/schema'
import { LakehouseError } from '../errors.js'

export const stepTimedOut = (step: string, timeoutMs: number): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0040',
    'resources',
    `Step "${step}" took longer than its ${timeoutMs / 1000} s and was ended; nothing of it was written. Raise its timeoutMs, or look at what it waited for.`,
    { step, timeoutMs },
  )

export const leaseLost = (runId: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0041',
    'conflict',
    `Run ${runId} stood still for longer than its lease, and another run has begun. What it wrote stays; it publishes nothing. Look at that run, or run again after it.`,
    { runId },
  )

export const unknownRun = (runId: string, known: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0042',
    'usage',
    `This lake has no run ${runId}${nearest(runId, known)}. \`deltaworks-batch history\` lists them.`,
    { runId },
  )

export const nothingToResume = (root: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0043',
    'usage',
    `Every run of ${root} has ended; there is none to resume. Use \`deltaworks-batch run\`.`,
    { root },
  )

export const notReplayable = (runId: string, reason: string): LakehouseError =>
  new LakehouseError('DW-LAKEHOUSE-0044', 'usage', `Run ${runId} cannot be replayed: ${reason}.`, { runId, reason })

export const staleTables = (tables: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0045',
    'usage',
    `Nothing is published: ${tables.join(', ')} ${tables.length > 1 ? 'are' : 'is'} not up to date with what ${tables.length > 1 ? 'they are' : 'it is'} built from. Run the missing steps first.`,
    { tables },
  )

export const overBudget = (what: string, neededBytes: number, limitBytes: number): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0046',
    'resources',
    `This run would need about ${mebibytes(neededBytes)} of ${what}, more than its budget of ${mebibytes(limitBytes)}. Nothing was read; raise the budget, or give fewer files (--files, --since).`,
    { what, neededBytes, limitBytes },
  )

export const overTime = (expectedMs: number, limitMs: number): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0056',
    'resources',
    `By earlier runs this one would take about ${seconds(expectedMs)}, more than its budget of ${seconds(limitMs)}. Nothing was read; raise the budget, or give fewer files (--files, --since) or steps (--only, --to).`,
    { expectedMs, limitMs },
  )

export const outOfTime = (limitMs: number): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0047',
    'resources',
    `The run took longer than its budget of ${limitMs / 1000} s and was ended. What it had committed stays; \`deltaworks-batch resume\` goes on from there.`,
    { limitMs },
  )

export const unknownPromotionSource = (environment: string, root: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0051',
    'usage',
    `Environment "${environment}" has no whole run in ${root} that could be promoted. Run it there, or check --root-from.`,
    { environment, root },
  )

export const notPromoted = (tables: readonly string[], environment: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0052',
    'usage',
    `Environment "${environment}" runs only what was promoted to it, and ${tables.join(', ')} ${tables.length > 1 ? 'were' : 'was'} not, as ${tables.length > 1 ? 'they are' : 'it is'} defined now. Nothing was read; use \`deltaworks-batch promote --to ${environment}\`.`,
    { tables, environment },
  )

export const promotionRefused = (from: string, to: string, problems: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0053',
    'usage',
    `Nothing was promoted from ${from} to ${to}: ${problems.join('; ')}.`,
    { from, to, problems },
  )

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2).toLocaleString('en-US')} MiB`
