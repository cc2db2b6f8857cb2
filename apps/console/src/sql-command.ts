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
import type { DeltaStatement } from './statements/delta-statement.js'
import { parseDeltaStatement } from './statements/parse-delta-statement.js'
import { runDeltaStatement } from './statements/run-delta-statement.js'
import { statementsIn } from './statements/sql-tokens.js'
import { nothingToSay, type StatementResult } from './statements/statement-result.js'
import { TableCatalog, type LocatedTables } from './statements/table-catalog.js'

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
        const catalog = new TableCatalog(session, await locatedTables(session, options))
        const format = options.json ? 'jsonl' : options.format
        let statement = 0
        for (const one of statementsIn(text)) {
          statement++
          const start = performance.now()
          const result = await runStatement(catalog, one, signal)
          const ms = Number((performance.now() - start).toFixed(1))
          const isShown = !options.quiet && result.schema.fields.length > 0
          if (isShown) process.stdout.write(formatRows(result.schema, result.rows, format))
          if (options.timing) {
            process.stderr.write(`${JSON.stringify({ statement, rows: result.rows.length, ms })}\n`)
          }
        }
      } finally {
        await session.close()
      }
    })

/** A statement about a Delta table, or any that the session's SQL knows. */
async function runStatement(catalog: TableCatalog, text: string, signal: AbortSignal): Promise<StatementResult> {
  const statement = parseDeltaStatement(text)
  if (statement !== null && (await isAboutDelta(catalog, statement))) return runDeltaStatement(catalog, statement)
  const expanded = catalog.expand(text)
  const tables = new NamedTables((name) => catalog.lookUp(name, expanded.tables), catalog.names)
  const result = await catalog.session.sql(expanded.text, tables, { signal })
  return result ?? nothingToSay
}

/** Tables without a place are the session's own: made, described and dropped by its SQL. */
async function isAboutDelta(catalog: TableCatalog, statement: DeltaStatement): Promise<boolean> {
  switch (statement.kind) {
    case 'create':
      return statement.specification.location !== null || (await catalog.isLocated(statement.table))
    case 'describe':
    case 'show-columns':
      return catalog.isLocated(statement.table)
    default:
      return true
  }
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
async function locatedTables(session: Session, options: Options): Promise<LocatedTables> {
  const paths = new Map(options.table.map(pathOf))
  const named = (name: readonly string[]): string | undefined => paths.get(name.at(-1)!.toLowerCase())
  return {
    names: [...paths.keys(), ...(await lakeNames(options))],
    locate: async (name) => named(name) ?? (await lakePath(options, name)),
    open: async (name) => {
      const path = named(name)
      return path === undefined ? lakeTable(session, options, name) : openTable(session, path)
    },
  }
}

function pathOf(pair: string): readonly [name: string, path: string] {
  const at = pair.indexOf('=')
  if (at <= 0) throw invalidOption('--table', pair, 'give name=path')
  return [pair.slice(0, at).toLowerCase(), pair.slice(at + 1)]
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

/** Where a table of the lakehouse is, whether or not it has been published. */
async function lakePath(options: Options, name: readonly string[]): Promise<string | undefined> {
  const { lakehouse } = await loadLakehouse(options)
  const wanted = name.join('/')
  const last = name[name.length - 1]!
  const definition = lakehouse.tables.find(
    (t) => t.path === wanted || (name.length === 1 && (t.name === last || t.aliases.includes(last))),
  )
  const path = definition?.path ?? bookkeeping.get(last)
  return path === undefined ? undefined : joinPath(resolveUri(options.root), path)
}
