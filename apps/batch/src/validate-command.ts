import {
  exitCode,
  interrupted,
  invalidOption,
  loadLakehouse,
  openSession,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { validateLakehouse, validateMetrics } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'

interface ValidateOptions extends CommonOptions {
  readonly data: boolean | undefined
  readonly table: readonly string[] | undefined
  readonly version: number | undefined
  readonly rules: readonly string[] | undefined
  readonly report: string | undefined
  readonly save: boolean
}

const several = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value]

export const validateCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('validate'))
    .description('Check the definitions and the configuration; with --data also the rules on the tables as they are')
    .addOption(new Option('--data', 'evaluate the quality rules on the tables of the lake'))
    .addOption(new Option('--table <name>', 'only this table (may be given again)').argParser(several))
    .addOption(new Option('--version <number>', 'of the tables, instead of the latest').argParser(parseVersion))
    .addOption(
      new Option('--rules <table=file>', 'also the rules of a .dqdl file (may be given again)').argParser(several),
    )
    .addOption(
      new Option('--report <folder>', 'write the report as HTML, JSON, JUnit XML and Markdown into this folder'),
    )
    .addOption(new Option('--no-save', 'do not keep the metrics in the lake'))
    .addHelpText('after', '\nExample:\n  deltaworks-batch validate --data --root ./lake --report ./reports')
    .action(async (options: ValidateOptions) => {
      const { lakehouse, configuration } = await loadLakehouse(options)
      const { tables, rules } = validateLakehouse(lakehouse, configuration)
      const metrics = await validateMetrics(lakehouse)
      if (options.data !== true) {
        if (options.json) {
          process.stdout.write(
            `${JSON.stringify({ lakehouse: lakehouse.name, valid: true, tables, rules, metrics })}\n`,
          )
        } else if (!options.quiet) {
          process.stdout.write(
            `${lakehouse.name} is valid: ${tables} tables, ${rules} quality rules${metrics === 0 ? '' : `, ${metrics} metrics`}.\n`,
          )
        }
        return
      }
      const session = openSession(options)
      try {
        const { validateTables } = await import('./validate-tables.js')
        const failed = await validateTables(
          { ...options, root: resolveUri(options.root) },
          lakehouse,
          configuration,
          session,
          signal,
        )
        process.exitCode = failed ? exitCode.quality : exitCode.done
      } catch (error) {
        throw signal.aborted ? interrupted() : error
      } finally {
        await session.close()
      }
    })

/** @throws UsageError DW-CLI-0001 */
function parseVersion(text: string): number {
  if (!/^\d+$/.test(text)) throw invalidOption('--version', text, 'give a version of the tables: 0, 1, 2 …')
  return Number(text)
}
