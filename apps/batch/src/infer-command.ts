import { writeFileSync } from 'node:fs'
import { openSession, textTable, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { inferDefinition } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'

interface InferOptions extends CommonOptions {
  readonly landing: string
  readonly name: string | undefined
  readonly format: 'csv' | 'json' | 'parquet' | undefined
  readonly out: string | undefined
}

export const inferCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('infer'))
    .description('Declare a table from its landing files: dialect, columns, types, and how many rows fit them')
    .argument('<files>', 'a glob on paths in the landing zone: the files of one source')
    .addOption(new Option('--landing <uri>', 'where the landing files are').default('landing'))
    .addOption(new Option('--name <name>', 'the table’s name; default: from the glob'))
    .addOption(new Option('--format <format>', 'default: by the ending').choices(['csv', 'json', 'parquet']))
    .addOption(new Option('--out <file>', 'write the definition there, and tell about it'))
    .addHelpText('after', "\nExample:\n  deltaworks-batch infer 'orders_*.csv' --landing ./landing --out orders.ts")
    .action(async (files: string, options: InferOptions) => {
      const session = openSession(options)
      try {
        const { name, format } = options
        const landing = resolveUri(options.landing)
        const inferred = await inferDefinition({ session, landing, files, name, format, signal })
        if (options.out !== undefined) writeFileSync(options.out, inferred.source)
        if (options.json) process.stdout.write(`${JSON.stringify(inferred, null, 2)}\n`)
        else if (options.out === undefined) process.stdout.write(inferred.source)
        else if (!options.quiet) {
          const rows = inferred.columns.map((c) => [
            c.column,
            c.type,
            `${(c.confidence * 100).toFixed(2)} %`,
            c.remark ?? '',
          ])
          const about = `${inferred.files} files, ${inferred.rows} rows, ${(inferred.confidence * 100).toFixed(2)} % of them fit.`
          process.stdout.write(
            `${textTable(['column', 'type', 'rows that fit', ''], rows, [false, false, true])}\n${about}\n`,
          )
        }
      } finally {
        await session.close()
      }
    })
