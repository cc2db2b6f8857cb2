import {
  invalidOption,
  loadLakehouse,
  openSession,
  parseBytes,
  textTable,
  watched,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { parseUntil, runMaintenance, windowEnd, type MaintenanceStepResult } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { tellBusy } from './tell-busy.js'

interface RunOptions extends CommonOptions {
  readonly dryRun: boolean
  readonly until: string | undefined
  readonly window: string | undefined
  readonly idle: number
  readonly budget: number | undefined
}

/** @throws UsageError DW-CLI-0001 */
function parseMinutes(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw invalidOption('--idle', text, 'give a number of minutes')
  return Number(text)
}

export const runCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('run'))
    .description('What the definitions ask for and the tables have need of, the most useful first')
    .argument('[tables...]', 'tables by name; default all that are built')
    .addOption(new Option('--dry-run', 'show what would be done and saved; nothing is written').default(false))
    .addOption(new Option('--until <time>', 'stop then: 90m or 2h from now, 04:00, or a date and time'))
    .addOption(new Option('--window <from-to>', 'work only between two times of day, like 22:00-04:00'))
    .addOption(
      new Option('--budget <size>', 'bytes of data files that may be written again, e.g. 200GiB').argParser(
        parseBytes('--budget'),
      ),
    )
    .addOption(
      new Option('--idle <minutes>', 'leave tables alone that were written in the last minutes')
        .argParser(parseMinutes)
        .default(0),
    )
    .addHelpText(
      'after',
      '\nWhat the window or the budget leaves is told, and done by the next run. Decisions are kept: see log.' +
        '\n\nExample:\n  deltaworks-maintenance run --window 22:00-04:00 --budget 200GiB --root s3://lake/prod',
    )
    .action((tables: string[], options: RunOptions) => run(tables, options, signal))

async function run(tables: readonly string[], options: RunOptions, signal: AbortSignal): Promise<void> {
  const nowMs = Date.now()
  const ends = [
    ...(options.until === undefined ? [] : [parseUntil(options.until, nowMs)]),
    // A window that is closed has ended: everything is postponed.
    ...(options.window === undefined ? [] : [windowEnd(options.window, nowMs) ?? nowMs]),
  ]
  const loaded = await loadLakehouse(options)
  const { lakehouse } = loaded
  const session = openSession(options)
  const root = resolveUri(options.root)
  try {
    const work = () =>
      runMaintenance({
        lakehouse,
        session,
        root,
        tables,
        dryRun: options.dryRun,
        nowMs,
        signal,
        untilMs: ends.length === 0 ? null : Math.min(...ends),
        idleMs: options.idle * 60_000,
        maxBytes: options.budget ?? null,
      })
    const watching = { loaded, session, root, environment: options.env, task: 'maintenance' } as const
    const done = await watched(watching, work, () => null, signal)
    if (done.kind === 'busy') return tellBusy(done.holder, options)
    const steps = done.result
    if (options.json) process.stdout.write(`${JSON.stringify({ steps })}\n`)
    else if (!options.quiet) process.stdout.write(`${shown(steps)}\n`)
  } finally {
    await session.close()
  }
}

function shown(steps: readonly MaintenanceStepResult[]): string {
  if (steps.length === 0) return 'Nothing to do: every table is as its definition asks.'
  const table = textTable(
    ['operation', 'table', 'status', 'files', 'rewritten', 'freed', 'scanned a query', 'seconds', 'why'],
    steps.map((step) => {
      // Expectations in brackets, until there is something better.
      const { saved } = step
      const { filesBefore, filesAfter, bytesRewritten, bytesFreed, ...scanned } = saved ?? step.expected
      const told = (text: string): string => (saved === null && text !== '' ? `(${text})` : text)
      return [
        step.operation,
        step.table,
        step.status,
        told(filesBefore === filesAfter ? '' : `${filesBefore} -> ${filesAfter}`),
        told(bytesRewritten === 0 ? '' : megabytes(bytesRewritten)),
        told(bytesFreed === 0 ? '' : megabytes(bytesFreed)),
        told(
          scanned.scannedBytesBefore === null || scanned.scannedBytesAfter === null
            ? ''
            : `${megabytes(scanned.scannedBytesBefore)} -> ${megabytes(scanned.scannedBytesAfter)}`,
        ),
        told((saved === null ? step.expectedSeconds : step.seconds).toFixed(1)),
        step.reason,
      ]
    }),
    [false, false, false, true, true, true, true, true, false],
  )
  const left = steps.filter(({ status }) => status === 'postponed' || status === 'in part').length
  if (left === 0) return table
  return `${table}\n${left} ${left === 1 ? 'step is' : 'steps are'} left for the next window; run again to go on.`
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`
