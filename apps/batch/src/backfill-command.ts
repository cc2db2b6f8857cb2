import {
  exitCode,
  invalidOption,
  loadLakehouse,
  openSession,
  watched,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { runRecorded } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { endOfRun, resultOf } from './end-of-run.js'
import { runLimits, withLimitOptions, type LimitOptions } from './step-options.js'

interface BackfillOptions extends CommonOptions, LimitOptions {
  readonly landing: string
  readonly fromDate: string
  readonly toDate: string
  readonly files: readonly string[] | undefined
  readonly reprocess: boolean
  readonly report: string | undefined
}

const dayMs = 86_400_000

export const backfillCommand = (signal: AbortSignal): Command =>
  withLimitOptions(withCommonOptions(new Command('backfill')))
    .description('A run a day over a range of dates, the oldest first; days that have ended well are not run again')
    .addOption(new Option('--landing <uri>', 'where the landing files are').default('landing'))
    .requiredOption('--from-date <date>', 'first day: 2026-01-01', parseDate('--from-date'))
    .requiredOption('--to-date <date>', 'last day', parseDate('--to-date'))
    .addOption(
      new Option(
        '--files <glob...>',
        'a day’s files, with {date} (2026-01-31) or {yyyymmdd} in them; default: those delivered on the day',
      ),
    )
    .addOption(new Option('--reprocess', 'read files again that are in their tables').default(false))
    .addOption(new Option('--report <folder>', 'also write a report a day into this folder'))
    .addHelpText(
      'after',
      '\nThe clock of a day’s run is the end of the day. A day that fails ends the backfill; the same command goes on from there.' +
        "\n\nExample:\n  deltaworks-batch backfill --from-date 2026-01-01 --to-date 2026-01-31 --files '*_{yyyymmdd}.csv'",
    )
    .action(async (options: BackfillOptions) => {
      const loaded = await loadLakehouse(options)
      const { lakehouse, configuration } = loaded
      const session = openSession(options)
      const root = resolveUri(options.root)
      try {
        for (const day of daysOf(options)) {
          const task = () =>
            runRecorded({
              lakehouse,
              configuration,
              session,
              environment: options.env,
              root,
              landing: resolveUri(options.landing),
              nowMicros: BigInt(day.endMs) * 1000n,
              runId: `backfill-${day.date}`,
              selection: selectionOf(day, options),
              signal,
              ...runLimits(options),
            })
          const run = await watched({ loaded, session, root, environment: options.env }, task, resultOf, signal)
          const code = await endOfRun(run, options)
          if (code === exitCode.done) continue
          process.exitCode = code
          return
        }
      } finally {
        await session.close()
      }
    })

interface Day {
  /** `2026-01-31` */
  readonly date: string
  readonly startMs: number
  readonly endMs: number
}

/** @throws UsageError DW-CLI-0001 */
function daysOf({ fromDate, toDate }: BackfillOptions): readonly Day[] {
  const [first, last] = [Date.parse(fromDate), Date.parse(toDate)]
  if (last < first) throw invalidOption('--to-date', toDate, 'give a day that is not before that of --from-date')
  return Array.from({ length: (last - first) / dayMs + 1 }, (_, i) => {
    const startMs = first + i * dayMs
    return { date: new Date(startMs).toISOString().slice(0, 10), startMs, endMs: startMs + dayMs }
  })
}

function selectionOf({ date, startMs, endMs }: Day, { files, reprocess }: BackfillOptions) {
  if (files === undefined) return { sinceMs: startMs, untilMs: endMs, reprocess }
  const named = files.map((glob) => glob.replaceAll('{date}', date).replaceAll('{yyyymmdd}', date.replaceAll('-', '')))
  return { files: named, reprocess }
}

/** @throws UsageError DW-CLI-0001 */
function parseDate(option: string) {
  return (text: string): string => {
    if (/^\d{4}-\d\d-\d\d$/.test(text) && new Date(text).toJSON()?.startsWith(text) === true) return text
    throw invalidOption(option, text, 'give a date such as 2026-01-31')
  }
}
