import { invalidOption, type CommonOptions } from '@deltaworks/cli'
import type { LandingSelection } from '@deltaworks/lakehouse'
import { formatTimestamp, tryParseTimestamp } from '@deltaworks/schema'
import { Option, type Command } from 'commander'

export interface BatchOptions extends CommonOptions {
  readonly landing: string
  readonly now: bigint | undefined
  readonly since: bigint | undefined
  readonly until: bigint | undefined
  readonly files: readonly string[] | undefined
  readonly reprocess: boolean
}

export const withBatchOptions = (command: Command): Command =>
  command
    .addOption(new Option('--landing <uri>', 'where the landing files are').default('landing'))
    .addOption(
      new Option('--now <timestamp>', 'the run’s clock, for replays: 2026-01-31T06:00:00Z').argParser(
        parseTime('--now'),
      ),
    )
    .addOption(
      new Option('--since <timestamp>', 'only landing files delivered at or after this time').argParser(
        parseTime('--since'),
      ),
    )
    .addOption(
      new Option('--until <timestamp>', 'only landing files delivered before this time').argParser(
        parseTime('--until'),
      ),
    )
    .addOption(new Option('--files <glob...>', 'only landing files whose paths match one of these'))
    .addOption(
      new Option('--reprocess', 'read files again that are in their tables; their rows are replaced').default(false),
    )

/** The landing files that a command is about. @throws UsageError DW-CLI-0001 */
export function selectionOf({ since, until, files, reprocess }: BatchOptions): LandingSelection {
  if (since !== undefined && until !== undefined && since >= until) {
    throw invalidOption('--until', formatTimestamp(until, 'T', 6), 'give a time after that of --since')
  }
  return {
    ...(since === undefined ? {} : { sinceMs: Number(since / 1000n) }),
    ...(until === undefined ? {} : { untilMs: Number(until / 1000n) }),
    ...(files === undefined ? {} : { files }),
    reprocess,
  }
}

/** @throws UsageError DW-CLI-0001 */
export const parseTime =
  (option: string) =>
  (text: string): bigint => {
    const parsed = tryParseTimestamp(text)
    if (parsed === null) throw invalidOption(option, text, 'give a timestamp such as 2026-01-31T06:00:00Z')
    return parsed.localMicros - BigInt(parsed.offsetMinutes ?? 0) * 60_000_000n
  }
