import {
  invalidOption,
  loadLakehouse,
  openSession,
  textTable,
  watched,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { parseUntil, runMaintenance, windowEnd, type MaintenanceStepResult } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'

interface RunOptions extends CommonOptions {
  readonly dryRun: boolean
  readonly until: string | undefined
  readonly window: string | undefined
  readonly idle: number
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
      new Option('--idle <minutes>', 'leave tables alone that were written in the last minutes')
        .argParser(parseMinutes)
        .default(0),
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
      })
    const watching = { loaded, session, root, environment: options.env, task: 'maintenance' } as const
    const steps = await watched(watching, work, () => null, signal)
    if (options.json) process.stdout.write(`${JSON.stringify({ steps })}\n`)
    else if (!options.quiet) process.stdout.write(`${shown(steps)}\n`)
  } finally {
    await session.close()
  }
}

function shown(steps: readonly MaintenanceStepResult[]): string {
  if (steps.length === 0) return 'Nothing to do: every table is as its definition asks.'
  const table = textTable(
    ['operation', 'table', 'status', 'files', 'rewritten', 'freed', 'scanned a query', 'seconds'],
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
      ]
    }),
    [false, false, false, true, true, true, true, true],
  )
  const postponed = steps.filter(({ status }) => status === 'postponed').length
  return postponed === 0 ? table : `${table}\n${postponed} steps wait for the next window; run again to go on.`
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`
