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
import { fileTable, type FileTableFormat, type Session } from '@deltaworks/engine'
import type { TableProvider } from '@deltaworks/plan'
import { joinPath, resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { formatOption, formatRows, type RowFormat } from './print-rows.js'
import { parseDeltaStatement } from './statements/parse-delta-statement.js'
import { runDeltaStatement } from './statements/run-delta-statement.js'
import { statementsIn } from './statements/sql-tokens.js'
import type { StatementResult } from './statements/statement-result.js'
import { TableCatalog, type NamedTables } from './statements/table-catalog.js'

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
        const catalog = new TableCatalog(session, namedTables(session, options))
        const format = options.json ? 'jsonl' : options.format
        let statement = 0
        for (const one of statementsIn(text)) {
          statement++
          const start = performance.now()
          const result = await runStatement(catalog, one, signal)
          const ms = Number((performance.now() - start).toFixed(1))
          if (!options.quiet && result.schema.fields.length > 0) {
            process.stdout.write(formatRows(result.schema, result.rows, format))
          }
          if (options.timing) {
            process.stderr.write(`${JSON.stringify({ statement, rows: result.rows.length, ms })}\n`)
          }
        }
      } finally {
        await session.close()
      }
    })

/** A statement about a Delta table, or any that the SQL front end knows. */
async function runStatement(catalog: TableCatalog, text: string, signal: AbortSignal): Promise<StatementResult> {
  const statement = parseDeltaStatement(text)
  if (statement !== null) return runDeltaStatement(catalog, statement)
  const expanded = catalog.expand(text)
  return catalog.session.sql(expanded.text, (name) => catalog.lookUp(name, expanded.tables), { signal })
}

/** @throws UsageError DW-CLI-0001 */
function statementsOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw invalidOption('--file', file, 'give a file of SQL statements that can be read')
  }
}

/** What `--table` names, and the lakehouse's own tables. */
function namedTables(session: Session, options: Options): NamedTables {
  const paths = new Map(options.table.map(pathOf))
  return {
    locate: async (name) => paths.get(name.at(-1)!) ?? (await lakePath(options, name)),
    open: async (name) => {
      const path = paths.get(name.at(-1)!)
      if (path !== undefined) return openTable(session, path)
      const inLake = await lakePath(options, name)
      return inLake === undefined ? undefined : (await DeltaTable.open(session, inLake)).provider()
    },
  }
}

function pathOf(pair: string): readonly [name: string, path: string] {
  const at = pair.indexOf('=')
  if (at <= 0) throw invalidOption('--table', pair, 'give name=path')
  return [pair.slice(0, at), pair.slice(at + 1)]
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

/** Where a table of the lakehouse is, by its name (or `layer.name`). */
async function lakePath(options: Options, name: readonly string[]): Promise<string | undefined> {
  const { lakehouse } = await loadLakehouse(options.lakehouse, options.env)
  const wanted = name.join('/')
  const last = name[name.length - 1]!
  const definition = lakehouse.tables.find(
    (t) => t.path === wanted || (name.length === 1 && (t.name === last || t.aliases.includes(last))),
  )
  const path = definition?.path ?? (last === 'quarantine' ? 'quality/quarantine' : undefined)
  return path === undefined ? undefined : joinPath(resolveUri(options.root), path)
}
