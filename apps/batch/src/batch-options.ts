import { invalidOption, type CommonOptions } from '@deltaworks/cli'
import { tryParseTimestamp } from '@deltaworks/schema'
import { Option, type Command } from 'commander'

export interface BatchOptions extends CommonOptions {
  readonly landing: string
  readonly now: bigint | undefined
}

export const withBatchOptions = (command: Command): Command =>
  command
    .addOption(new Option('--landing <uri>', 'where the landing files are').default('landing'))
    .addOption(
      new Option('--now <timestamp>', 'the run’s clock, for replays: 2026-01-31T06:00:00Z').argParser(parseNow),
    )

/** @throws UsageError DW-CLI-0001 */
function parseNow(text: string): bigint {
  const parsed = tryParseTimestamp(text)
  if (parsed === null) throw invalidOption('--now', text, 'give a timestamp such as 2026-01-31T06:00:00Z')
  return parsed.localMicros - BigInt(parsed.offsetMinutes ?? 0) * 60_000_000n
}
