import { parseTimestampMs } from '@deltaworks/cli'
import { DeltaTable } from '@deltaworks/delta-table'
import { sqlCatalog, type Session } from '@deltaworks/engine'
import { parseSql, type CatalogEntry, type LogicalPlan } from '@deltaworks/plan'
import { resolveUri } from '@deltaworks/storage'
import type { TimeTravel } from './delta-statement.js'
import { sqlProblem } from './sql-problem.js'
import { tokensOf, withPostgresNames, type Token } from './sql-tokens.js'
import type { TableName } from './token-reader.js'

/** Tables by name, as a command line or a lakehouse knows them. */
export interface LocatedTables {
  /** Path or URI under which a name is known, whether or not there is a table yet. */
  locate(name: readonly string[]): Promise<string | undefined>
  /** Names that there are, for "did you mean". */
  readonly names: readonly string[]
  /** What a query reads under a name. */
  open(name: readonly string[]): Promise<CatalogEntry | undefined>
}

/** Finds the tables that statements and queries name: by name, by `delta.\`path\``, at a version, and their changes. */
export class TableCatalog {
  readonly session: Session
  readonly #named: LocatedTables

  constructor(session: Session, named: LocatedTables) {
    this.session = session
    this.#named = named
  }

  /** Where a table is, or is to be. @throws UsageError DW-CLI-0004 */
  async uriOf(name: TableName): Promise<string> {
    if ('path' in name) return resolveUri(name.path)
    const found = await this.#named.locate(name.parts)
    if (found !== undefined) return resolveUri(found)
    const shown = name.parts.join('.')
    throw sqlProblem(`There is no table ${shown}; name it by --table ${shown}=PATH, or write delta.\`PATH\``)
  }

  /** Whether a name has a place, so that statements about it are about a Delta table and not one of the session. */
  async isLocated(name: TableName): Promise<boolean> {
    return 'path' in name || (await this.#named.locate(name.parts)) !== undefined
  }

  get names(): readonly string[] {
    return this.#named.names
  }

  async open(name: TableName, at: TimeTravel = null): Promise<DeltaTable> {
    const uri = await this.uriOf(name)
    if (at === null) return DeltaTable.open(this.session, uri)
    return DeltaTable.open(
      this.session,
      uri,
      'version' in at ? { version: at.version } : { timestampMs: parseTimestampMs(at.timestamp) },
    )
  }

  /** Spark's ways to name a table in a query, as names that the SQL front end knows; `tables` has what they mean. */
  expand(text: string): { readonly text: string; readonly tables: ReadonlyMap<string, () => Promise<CatalogEntry>> } {
    const tables = new Map<string, () => Promise<CatalogEntry>>()
    const made = (open: () => Promise<CatalogEntry>): string => {
      const name = `__table_${tables.size + 1}`
      tables.set(name, open)
      return name
    }
    const tokens = tokensOf(text)
    const edits: { start: number; end: number; text: string }[] = []
    for (let i = 0; i < tokens.length; i++) {
      const travel = timeTravelAt(tokens, i)
      if (travel !== null) {
        const first = nameBefore(tokens, i)
        const name = tableNameOf(tokens.slice(first, i))
        const synthetic = made(async () => (await this.open(name, travel.at)).provider())
        edits.push({ start: tokens[first]!.start, end: tokens[travel.last]!.end, text: synthetic })
        i = travel.last
        continue
      }
      const changes = changesCallAt(tokens, i)
      if (changes === null) continue
      const synthetic = made(async () => ({ plan: await this.#changes(changes.args) }))
      edits.push({ start: tokens[i]!.start, end: tokens[changes.last]!.end, text: synthetic })
      i = changes.last
    }
    const expanded = edits.reduceRight((result, e) => result.slice(0, e.start) + e.text + result.slice(e.end), text)
    return { text: withPostgresNames(expanded), tables }
  }

  /** The plan of one query. @throws PlanError */
  async plan(query: string): Promise<LogicalPlan> {
    const { text, tables } = this.expand(query)
    const statements = await parseSql(
      text,
      sqlCatalog(this.session, (name) => this.lookUp(name, tables)),
    )
    const [only, ...more] = statements
    if (only?.kind !== 'query' || more.length > 0) throw sqlProblem(`"${query}" is not one query`)
    return only.plan
  }

  async lookUp(
    name: readonly string[],
    tables: ReadonlyMap<string, () => Promise<CatalogEntry>>,
  ): Promise<CatalogEntry | undefined> {
    const made = name.length === 1 ? tables.get(name[0]!) : undefined
    if (made !== undefined) return made()
    if (name.length === 2 && name[0]!.toLowerCase() === 'delta') {
      return (await DeltaTable.open(this.session, resolveUri(name[1]!))).provider()
    }
    return this.#named.open(name)
  }

  async #changes([table, from, to]: readonly Token[]): Promise<LogicalPlan> {
    if (table === undefined || from === undefined)
      throw sqlProblem('table_changes takes a table and where the changes begin')
    const opened = await this.open(nameInText(table.text))
    return opened.changes({ from: edgeOf(from), ...(to !== undefined && { to: edgeOf(to) }) })
  }
}

const edgeOf = ({ kind, text }: Token) =>
  kind === 'number' ? { version: Number(text) } : { timestampMs: parseTimestampMs(text) }

/** `name`, `schema.name`, `delta.\`path\``, or a path. */
function nameInText(text: string): TableName {
  const tokens = tokensOf(text)
  const isName = tokens.every((token, i) =>
    i % 2 === 0 ? token.kind === 'word' || token.kind === 'name' : token.kind === 'symbol' && token.text === '.',
  )
  return isName && tokens.length > 0 ? tableNameOf(tokens) : { path: text }
}

function tableNameOf(tokens: readonly Token[]): TableName {
  const parts = tokens.filter(({ kind }) => kind !== 'symbol').map(({ text }) => text)
  return parts.length === 2 && parts[0]!.toLowerCase() === 'delta' ? { path: parts[1]! } : { parts }
}

const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === 'word' && token.text.toUpperCase() === word

function timeTravelAt(
  tokens: readonly Token[],
  at: number,
): { readonly at: NonNullable<TimeTravel>; readonly last: number } | null {
  const isVersion = isWord(tokens[at], 'VERSION')
  if (!isVersion && !isWord(tokens[at], 'TIMESTAMP')) return null
  if (at === 0 || !isWord(tokens[at + 1], 'AS') || !isWord(tokens[at + 2], 'OF')) return null
  const value = tokens[at + 3]
  if (value === undefined) return null
  return { at: isVersion ? { version: Number(value.text) } : { timestamp: value.text }, last: at + 3 }
}

/** Where the dotted name begins that ends before a token. */
function nameBefore(tokens: readonly Token[], at: number): number {
  let first = at - 1
  while (first >= 2 && tokens[first - 1]!.kind === 'symbol' && tokens[first - 1]!.text === '.') first -= 2
  return first
}

function changesCallAt(
  tokens: readonly Token[],
  at: number,
): { readonly args: readonly Token[]; readonly last: number } | null {
  if (!isWord(tokens[at], 'TABLE_CHANGES') || tokens[at + 1]?.text !== '(') return null
  const last = tokens.findIndex((token, i) => i > at && token.kind === 'symbol' && token.text === ')')
  if (last < 0) return null
  return { args: tokens.slice(at + 2, last).filter(({ kind }) => kind === 'string' || kind === 'number'), last }
}
