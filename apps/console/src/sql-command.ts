import { readFileSync } from 'node:fs'
import {
  invalidOption,
  loadLakehouse,
  openSession,
  usageProblem,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { DeltaTable } from '@deltaworks/delta-table'
import { fileTable, NamedTables, type FileTableFormat, type Session } from '@deltaworks/engine'
import { metricsPath, publishedLake, quarantinePath, runsPath } from '@deltaworks/lakehouse'
import type { TableProvider } from '@deltaworks/plan'
import { joinPath, resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { formatOption, formatRows, type RowFormat } from './print-rows.js'

interface Options extends CommonOptions {
  readonly file: string | undefined
  readonly table: readonly string[]
  readonly format: RowFormat
  readonly timing: boolean
}

export const sqlCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('sql'))
    .description('Run SQL over the lake’s tables, Delta tables and files')
    .argument('[query]', 'one or more statements')
    .addOption(new Option('--file <file>', 'statements from a file'))
    .addOption(
      new Option('--table <name=path>', 'a file, a folder of files or a Delta table under a name; may be given again')
        .argParser((text: string, all: readonly string[]) => [...all, text])
        .default([] as readonly string[]),
    )
    .addOption(formatOption())
    .addOption(new Option('--timing', 'one line a statement on stderr').default(false))
    .addHelpText(
      'after',
      '\nExample:\n  deltaworks-console sql "select territory, sum(net_amount) from fact_transactions group by 1"',
    )
    .action(async (query: string | undefined, options: Options) => {
      const text = options.file === undefined ? query : statementsOf(options.file)
      if (text === undefined) throw usageProblem('Give a query, or --file.')
      const session = openSession(options)
      try {
        const named = new Map<string, TableProvider>()
        for (const pair of options.table) {
          const [name, provider] = await namedTable(session, pair)
          named.set(name.toLowerCase(), provider)
        }
        const resolve = async (name: readonly string[]): Promise<TableProvider | undefined> =>
          named.get(name[name.length - 1]!.toLowerCase()) ?? lakeTable(session, options, name)
        const names = [...named.keys(), ...(await lakeNames(options))]
        let statement = 0
        for await (const result of session.sqlResults(text, new NamedTables(resolve, names), { signal })) {
          statement++
          const format = options.json ? 'jsonl' : options.format
          const isShown = !options.quiet && result.schema.fields.length > 0
          if (isShown) process.stdout.write(formatRows(result.schema, result.rows, format))
          if (options.timing) {
            const line = { statement, rows: result.rows.length, ms: Number(result.durationMs.toFixed(1)) }
            process.stderr.write(`${JSON.stringify(line)}\n`)
          }
        }
      } finally {
        await session.close()
      }
    })

/** @throws UsageError DW-CLI-0001 */
function statementsOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw invalidOption('--file', file, 'give a file of SQL statements that can be read')
  }
}

async function namedTable(session: Session, pair: string): Promise<readonly [string, TableProvider]> {
  const at = pair.indexOf('=')
  if (at <= 0) throw invalidOption('--table', pair, 'give name=path')
  const path = pair.slice(at + 1)
  return [pair.slice(0, at), await openTable(session, path)]
}

async function openTable(session: Session, path: string): Promise<TableProvider> {
  const format = formatOf(path)
  if (format !== null) return fileTable(path, format)
  const delta = await DeltaTable.openIfExists(session, resolveUri(path))
  return delta?.provider() ?? fileTable(path, 'parquet')
}

function formatOf(path: string): FileTableFormat | null {
  if (/\.parquet$/i.test(path)) return 'parquet'
  if (/\.(csv|tsv)$/i.test(path)) return 'csv'
  return /\.(jsonl?|ndjson)$/i.test(path) ? 'json' : null
}

/** The names of the lakehouse's tables; none where no lakehouse can be loaded. */
async function lakeNames(options: Options): Promise<readonly string[]> {
  if (options.table.length > 0) return []
  const { lakehouse } = await loadLakehouse(options)
  return lakehouse.tables.map((t) => t.name)
}

/** Tables that every lake has beside those of its definitions. They are read as they are. */
const bookkeeping: ReadonlyMap<string, string> = new Map([
  ['quarantine', quarantinePath],
  ['runs', runsPath],
  ['metrics', metricsPath],
])

/** A table of the lakehouse by its name (or `layer.name`), as its last whole run left it. */
async function lakeTable(
  session: Session,
  options: Options,
  name: readonly string[],
): Promise<TableProvider | undefined> {
  const { lakehouse } = await loadLakehouse(options)
  const wanted = name.join('/')
  const last = name[name.length - 1]!
  const definition = lakehouse.tables.find(
    (t) => t.path === wanted || (name.length === 1 && (t.name === last || t.aliases.includes(last))),
  )
  const root = resolveUri(options.root)
  if (definition !== undefined) return (await (await publishedLake(session, root)).existing(definition.path)).provider()
  const path = bookkeeping.get(last)
  return path === undefined ? undefined : (await DeltaTable.open(session, joinPath(root, path))).provider()
}
