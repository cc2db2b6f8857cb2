import { invalidOption, parseBytes, parseCount } from '@deltaworks/cli'
import type { RetryPolicy, RunBudget, StepSelection } from '@deltaworks/lakehouse'
import { Option, type Command } from 'commander'

/** Which steps a run does. */
export interface StepOptions extends LimitOptions {
  readonly only: readonly string[] | undefined
  readonly from: readonly string[] | undefined
  readonly to: readonly string[] | undefined
  readonly runId: string | undefined
}

/** How often a run tries its steps, and what it may use. */
export interface LimitOptions {
  readonly parallel: number | undefined
  readonly attempts: number | undefined
  readonly stepTimeout: number | undefined
  readonly maxTime: number | undefined
  readonly temporaryDisk: number | undefined
  readonly maxRead: number | undefined
  readonly memory: number | undefined
}

export const withStepOptions = (command: Command): Command =>
  withLimitOptions(command)
    .addOption(new Option('--only <table...>', 'only the steps of these tables'))
    .addOption(new Option('--from <table...>', 'these tables, and what is built from them'))
    .addOption(new Option('--to <table...>', 'these tables, and what they are built from'))
    .addOption(
      new Option(
        '--run-id <id>',
        'the run’s name, a date say; a run of a name that has ended well is not run again',
      ).argParser(parseRunId),
    )

/** Options of how a run is run, a new one or one that is gone on with. */
export const withLimitOptions = (command: Command): Command =>
  command
    .addOption(new Option('--parallel <n>', 'tables that are built at once').argParser(parseCount('--parallel')))
    .addOption(
      new Option('--attempts <n>', 'tries of a step, where a store fails or memory is short').argParser(
        parseCount('--attempts'),
      ),
    )
    .addOption(
      new Option('--step-timeout <duration>', 'bound on one try of a step: 90s, 10m, 2h').argParser(
        parseDuration('--step-timeout'),
      ),
    )
    .addOption(
      new Option('--max-time <duration>', 'bound on the run; what it committed stays').argParser(
        parseDuration('--max-time'),
      ),
    )
    .addOption(
      new Option(
        '--max-read <size>',
        'a run that would read more of landing files is refused before it does',
      ).argParser(parseBytes('--max-read')),
    )
    .addOption(
      new Option(
        '--temporary-disk <size>',
        'bound on what is spilled; a run that would need more is refused before it reads',
      ).argParser(parseBytes('--temporary-disk')),
    )

export function stepSelection({ only, from, to }: StepOptions): StepSelection {
  return {
    ...(only === undefined ? {} : { only }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }
}

/** What the options say of how a run is run. */
export const runLimits = (options: LimitOptions) => ({
  ...(options.parallel === undefined ? {} : { parallelism: options.parallel }),
  retry: retryOf(options),
  budget: budgetOf(options),
})

const retryOf = ({ attempts, stepTimeout }: LimitOptions): Partial<RetryPolicy> => ({
  ...(attempts === undefined ? {} : { attempts }),
  ...(stepTimeout === undefined ? {} : { timeoutMs: stepTimeout }),
})

const budgetOf = ({ memory, temporaryDisk, maxTime, maxRead }: LimitOptions): RunBudget => ({
  memoryBytes: memory,
  temporaryBytes: temporaryDisk,
  timeMs: maxTime,
  readBytes: maxRead,
})

const millisecondsOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `90s` → milliseconds. @throws UsageError DW-CLI-0001 */
const parseDuration =
  (option: string) =>
  (text: string): number => {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text)
    if (match === null) throw invalidOption(option, text, 'give a duration such as 90s, 10m or 2h')
    return Number(match[1]) * millisecondsOf[match[2]!]!
  }

/** It is a file name in the lake. @throws UsageError DW-CLI-0001 */
function parseRunId(text: string): string {
  if (/^[\w][\w.:+-]{0,127}$/.test(text)) return text
  throw invalidOption('--run-id', text, 'give letters, digits and . : + - _, at most 128')
}
