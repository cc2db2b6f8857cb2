import { storageVariable } from '@deltaworks/storage'
import { Command, CommanderError, Option } from 'commander'
import { invalidOption, usageProblem } from './errors.js'
import { exitCode, reportError } from './exit-code.js'

/** Options that every command takes. */
export interface CommonOptions {
  readonly lakehouse: string
  readonly env: string
  /** Configuration values, `path=value`. */
  readonly set: readonly string[]
  readonly root: string
  readonly json: boolean
  readonly quiet: boolean
  readonly debug: boolean
  readonly memory: number | undefined
  readonly threads: number | undefined
}

export function createProgram(name: string, description: string): Command {
  return (
    new Command(name)
      .description(description)
      .version('0.1.0')
      // Options before a command are the program's, those behind it the command's: `read … --version 3`.
      .enablePositionalOptions()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .showSuggestionAfterError(true)
  )
}

/** Adds the common options to a command. */
export const withCommonOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--lakehouse <name|path>', 'a shipped lakehouse or a module that exports one').default('retail'),
    )
    .addOption(new Option('--env <name>', 'environment: which configuration file').default('dev'))
    .addOption(
      new Option('--set <path=value...>', 'a configuration value over that of the environment’s file').default(
        [] as readonly string[],
      ),
    )
    .addOption(new Option('--root <uri>', 'where the lake is').default('lake'))
    .addOption(
      new Option('--storage <file>', `how buckets are reached (JSON); default: ${storageVariable}`).argParser(
        useStorage,
      ),
    )
    .addOption(new Option('--memory <size>', 'memory budget, e.g. 1GiB').argParser(parseBytes('--memory')))
    .addOption(new Option('--threads <n>', 'worker threads').argParser(parseCount('--threads')))
    .addOption(new Option('--json', 'print one JSON document on stdout').default(false))
    .addOption(new Option('--quiet', 'print nothing but errors').default(false))
    .addOption(new Option('--debug', 'print stacks of errors').default(false))

/** Kept in the environment, where every thread finds it. */
function useStorage(file: string): string {
  process.env[storageVariable] = file
  return file
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1000,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1000 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1000 ** 3,
  gib: 1024 ** 3,
}

/** `512MiB` → bytes. @throws UsageError DW-CLI-0001 */
export const parseBytes =
  (option: string) =>
  (text: string): number => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text)
    const unit = match === null ? undefined : units[match[2]!.toLowerCase()]
    if (match === null || unit === undefined) throw invalidOption(option, text, 'give a size such as 512MiB or 2GiB')
    return Math.floor(Number(match[1]) * unit)
  }

export const parseCount =
  (option: string) =>
  (text: string): number => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw invalidOption(option, text, 'give a whole number from 1')
    return Number(text)
  }

function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent)
    inheritSettings(command)
  }
}

/**
 * Runs a program to its end: parses, executes, turns errors into one sentence and an exit code.
 * SIGINT and SIGTERM abort what is running; a second one ends the process at once.
 */
export async function runProgram(
  program: Command,
  abort: AbortController,
  argv: readonly string[] = process.argv,
): Promise<void> {
  const flags = { json: argv.includes('--json'), debug: argv.includes('--debug') }
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(exitCode.interrupted)
    abort.abort()
  }
  // Commands that are added whole do not inherit how the program ends and prints.
  inheritSettings(program)
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError) {
      const shownByItself =
        error.code === 'commander.helpDisplayed' ||
        error.code === 'commander.version' ||
        error.code === 'commander.help'
      process.exitCode = shownByItself
        ? error.exitCode === 0
          ? exitCode.done
          : exitCode.usage
        : reportError(usageProblem(sentence(error.message)), flags)
    } else {
      process.exitCode = reportError(error, flags)
    }
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

const sentence = (message: string): string => {
  const text = message.replace(/^error: /, '').replaceAll('\n', ' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') || text.endsWith(')') ? '' : '.'} Use --help for what there is.`
}
