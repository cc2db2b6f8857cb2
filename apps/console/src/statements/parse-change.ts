import type { DeleteFrom, InsertInto, MergeClause, MergeInto, UpdateTable } from './delta-statement.js'
import type { TokenReader } from './token-reader.js'

/** INSERT INTO | INSERT OVERWRITE, behind INSERT. */
export function parseInsert(reader: TokenReader): InsertInto {
  let mergeSchema = reader.takes('WITH SCHEMA EVOLUTION')
  const overwrite = reader.takesOne('INTO', 'OVERWRITE') === 'OVERWRITE'
  reader.takes('TABLE')
  const table = reader.table()
  mergeSchema = reader.takes('WITH SCHEMA EVOLUTION') || mergeSchema
  const partition = reader.takes('PARTITION')
    ? reader.list(() => {
        const column = reader.identifier('A partition column')
        return [column, reader.takes('=') ? reader.until(',', ')') : null] as const
      })
    : []
  const columns =
    reader.sees('(') && !reader.sees('( SELECT') && !reader.sees('( WITH')
      ? reader.list(() => reader.identifier('A column'))
      : null
  const byName = reader.takes('BY NAME')
  const replaceWhere = reader.takes('REPLACE WHERE') ? reader.until('SELECT', 'VALUES', 'WITH', 'TABLE', 'FROM') : null
  const replaceUsing = reader.takes('REPLACE USING') ? reader.list(() => reader.identifier('A column')) : null
  const source = reader.takes('TABLE') ? `SELECT * FROM ${reader.rest()}` : reader.rest()
  return {
    kind: 'insert',
    table,
    overwrite,
    columns,
    byName,
    mergeSchema,
    replaceWhere,
    replaceUsing,
    partition,
    source,
  }
}

/** A table and its alias, if it has one. */
function aliased(reader: TokenReader, ...stops: readonly string[]): string | null {
  if (reader.takes('AS')) return reader.identifier('An alias')
  return reader.isAtEnd || stops.some((stop) => reader.sees(stop)) ? null : reader.identifier('An alias')
}

const assignments = (reader: TokenReader, ...stops: readonly string[]): readonly (readonly [string, string])[] => {
  const set: (readonly [string, string])[] = []
  do {
    const path = reader.columnPath()
    reader.expect('=')
    set.push([path, reader.until(',', ...stops)])
  } while (reader.takes(','))
  return set
}

export function parseUpdate(reader: TokenReader): UpdateTable {
  const table = reader.table()
  const alias = aliased(reader, 'SET')
  reader.expect('SET')
  const set = assignments(reader, 'WHERE')
  const where = reader.takes('WHERE') ? reader.rest() : null
  reader.end()
  return { kind: 'update', table, alias, set, where }
}

export function parseDelete(reader: TokenReader): DeleteFrom {
  reader.expect('FROM')
  const table = reader.table()
  const alias = aliased(reader, 'WHERE')
  const where = reader.takes('WHERE') ? reader.rest() : null
  reader.end()
  return { kind: 'delete', table, alias, where }
}

/** MERGE [WITH SCHEMA EVOLUTION] INTO t USING s ON … WHEN … THEN …, behind MERGE. */
export function parseMerge(reader: TokenReader): MergeInto {
  const mergeSchema = reader.takes('WITH SCHEMA EVOLUTION')
  reader.expect('INTO')
  const table = reader.table()
  const alias = aliased(reader, 'USING')
  reader.expect('USING')
  const source = reader.sees('(') ? { query: reader.parenthesised() } : reader.table()
  const sourceAlias = aliased(reader, 'ON')
  reader.expect('ON')
  const condition = reader.until('WHEN')
  const clauses: MergeClause[] = []
  while (reader.takes('WHEN')) clauses.push(mergeClause(reader))
  reader.end()
  if (clauses.length === 0) throw reader.unexpected('WHEN')
  return { kind: 'merge', table, alias, source, sourceAlias, mergeSchema, condition, clauses }
}

function mergeClause(reader: TokenReader): MergeClause {
  const found = reader.takesOne('NOT MATCHED BY SOURCE', 'NOT MATCHED BY TARGET', 'NOT MATCHED', 'MATCHED')
  if (found === null) throw reader.unexpected('MATCHED or NOT MATCHED')
  const on =
    found === 'MATCHED' ? 'matched' : found === 'NOT MATCHED BY SOURCE' ? 'not-matched-by-source' : 'not-matched'
  const condition = reader.takes('AND') ? reader.until('THEN') : null
  reader.expect('THEN')
  return { on, condition, action: mergeAction(reader, on) }
}

function mergeAction(reader: TokenReader, on: MergeClause['on']): MergeClause['action'] {
  if (on === 'not-matched') {
    reader.expect('INSERT')
    if (reader.takes('*')) return { kind: 'insert', values: null }
    const columns = reader.list(() => reader.columnPath())
    reader.expect('VALUES')
    const values = reader.list(() => reader.until(',', ')'))
    if (columns.length !== values.length) throw reader.unexpected(`A value for each of the ${columns.length} columns`)
    return { kind: 'insert', values: columns.map((column, i) => [column, values[i]!] as const) }
  }
  if (reader.takes('DELETE')) return { kind: 'delete' }
  reader.expect('UPDATE')
  reader.expect('SET')
  if (reader.takes('*')) return { kind: 'update', set: null }
  return { kind: 'update', set: assignments(reader, 'WHEN') }
}
