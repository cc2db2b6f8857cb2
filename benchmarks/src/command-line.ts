import { parseArgs, type ParseArgsConfig } from 'node:util'

/** `parseArgs` of this process; `--help`, or an option that there is not, ends it with a line that names the options. */
export function commandLine<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  const names = Object.keys(config.options ?? {}).map((name) => `--${name}`)
  if (process.argv.includes('--help')) {
    process.stdout.write(`Options: ${names.join(' ')}\n`)
    process.exit(0)
  }
  try {
    return parseArgs(config)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}. Options: ${names.join(' ')}\n`)
    process.exit(2)
  }
}
