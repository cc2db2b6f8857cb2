import { sqlError, unsupported } from '../sql-failure.js'
import { parseType } from './column-types.js'
import { checkAttributes, type ColumnType, type TableAttributes, type TableKey } from './table-attributes.js'
import { isWord, joinTokens, quoteName, relationSql, TokenReader, type RelationName, type Token } from './tokens.js'

export interface CreateTable {
  readonly relation: RelationName
  readonly ifNotExists: boolean
  /** What PostgreSQL is to run. */
  readonly sql: string
  readonly attributes: TableAttributes
}

interface Draft {
  distStyle: TableAttributes['distStyle'] | null
  distKey: string | null
  sortStyle: TableAttributes['sortStyle']
  sortKey: string[]
  readonly encodings: Record<string, string>
  readonly keys: TableKey[]
}

/** How a text column's bytes are kept within its length: PostgreSQL counts characters, Redshift bytes. */
export const lengthConstraint = (column: string): string => `redshift_bytes_${column}`.slice(0, 63)
export const lengthCheck = (column: string, maxBytes: number): string =>
  `CONSTRAINT ${quoteName(lengthConstraint(column))} CHECK (octet_length(${quoteName(column)}) <= ${maxBytes})`

/** CREATE [TEMP] TABLE with Redshift's attributes, which PostgreSQL has not. @throws SqlFailure for what Redshift refuses */
export function parseCreateTable(tokens: readonly Token[]): CreateTable {
  const reader = new TokenReader(tokens)
  reader.expectWords('CREATE')
  reader.takeWords('LOCAL')
  const isTemporary = reader.takeWords('TEMP') || reader.takeWords('TEMPORARY')
  reader.expectWords('TABLE')
  const ifNotExists = reader.takeWords('IF', 'NOT', 'EXISTS')
  const relation = reader.relation()
  const draft: Draft = { distStyle: null, distKey: null, sortStyle: null, sortKey: [], encodings: {}, keys: [] }
  const head = `CREATE ${isTemporary ? 'TEMPORARY ' : ''}TABLE ${ifNotExists ? 'IF NOT EXISTS ' : ''}${relationSql(relation)}`
  if (reader.peekWord('AS') || isQueryAhead(reader)) {
    readTableAttributes(reader, draft)
    reader.expectWords('AS')
    return { relation, ifNotExists, sql: `${head} AS ${rest(tokens, reader)}`, attributes: finished(draft) }
  }
  if (!reader.takeSymbol('(')) {
    readTableAttributes(reader, draft)
    reader.expectWords('AS')
    return { relation, ifNotExists, sql: `${head} AS ${rest(tokens, reader)}`, attributes: finished(draft) }
  }
  const columns: ColumnType[] = []
  const lines: string[] = []
  do readElement(reader, relation.name, draft, columns, lines)
  while (reader.takeSymbol(','))
  reader.expectSymbol(')')
  readTableAttributes(reader, draft)
  if (!reader.isAtEnd) throw reader.unexpected('the end')
  const attributes = finished(draft)
  if (columns.length > 0) checkAttributes(columns, attributes)
  return { relation, ifNotExists, sql: `${head} (${lines.join(', ')})`, attributes }
}

const isQueryAhead = (reader: TokenReader): boolean =>
  reader.current?.kind === 'symbol' &&
  reader.current.text === '(' &&
  isWord(reader.tokens[reader.at + 1], 'SELECT', 'WITH')

/** The text from where the reader stands, spaces and all. */
function rest(tokens: readonly Token[], reader: TokenReader): string {
  const at = reader.current === undefined ? tokens.length : tokens.indexOf(reader.current)
  return joinTokens(tokens.slice(at))
}

function readElement(reader: TokenReader, table: string, draft: Draft, columns: ColumnType[], lines: string[]): void {
  if (reader.takeWords('LIKE')) {
    const parent = relationSql(reader.relation())
    const defaults = reader.takeWords('INCLUDING', 'DEFAULTS') ? ' INCLUDING DEFAULTS' : ''
    lines.push(`LIKE ${parent}${defaults}`)
    return
  }
  const key = tableKey(reader, table)
  if (key !== null) {
    draft.keys.push(key)
    return
  }
  const name = reader.name()
  const { redshift, postgres, maxBytes } = parseType(reader)
  if (columns.some((column) => column.name === name))
    throw sqlError('42701', `column "${name}" specified more than once`)
  columns.push({ name, type: redshift })
  const words = [quoteName(name), postgres, ...columnAttributes(reader, table, name, draft)]
  lines.push(words.join(' '))
  if (maxBytes !== null) lines.push(lengthCheck(name, maxBytes))
}

/** Of one column, in any order. @returns what PostgreSQL is told of them */
function columnAttributes(reader: TokenReader, table: string, name: string, draft: Draft): readonly string[] {
  const said: string[] = []
  for (;;) {
    if (reader.takeWords('NOT', 'NULL')) said.push('NOT NULL')
    else if (reader.takeWords('NULL')) continue
    else if (reader.takeWords('ENCODE')) draft.encodings[name] = reader.next().text.toUpperCase()
    else if (reader.takeWords('DISTKEY')) {
      draft.distKey = name
      draft.distStyle ??= 'KEY'
    } else if (reader.takeWords('SORTKEY')) {
      draft.sortKey.push(name)
      draft.sortStyle ??= 'COMPOUND'
    } else if (reader.takeWords('PRIMARY', 'KEY')) draft.keys.push(keyOf(table, 'PRIMARY KEY', [name]))
    else if (reader.takeWords('UNIQUE')) draft.keys.push(keyOf(table, 'UNIQUE', [name]))
    else if (reader.takeWords('REFERENCES')) draft.keys.push(foreignKey(reader, table, [name], null))
    else if (reader.takeWords('IDENTITY') || reader.takeWords('GENERATED', 'BY', 'DEFAULT', 'AS', 'IDENTITY')) {
      const [start, step] = pair(reader)
      said.push(`GENERATED BY DEFAULT AS IDENTITY (START ${start} INCREMENT ${step})`)
    } else if (reader.takeWords('DEFAULT')) said.push(`DEFAULT ${defaultValue(reader)}`)
    else if (reader.takeWords('COLLATE')) reader.next()
    else return said
  }
}

function pair(reader: TokenReader): readonly [string, string] {
  reader.expectSymbol('(')
  const start = reader.next().text
  reader.expectSymbol(',')
  const step = reader.next().text
  reader.expectSymbol(')')
  return [start, step]
}

/** A literal, or a call without arguments. */
function defaultValue(reader: TokenReader): string {
  const sign = reader.takeSymbol('-') ? '-' : ''
  const token = reader.next()
  if (reader.takeSymbol('(')) {
    reader.expectSymbol(')')
    return `${token.text}()`
  }
  return sign + token.text
}

/** `[CONSTRAINT name] PRIMARY KEY (…)`, `UNIQUE (…)`, `FOREIGN KEY (…) REFERENCES …`; null if something else comes. */
export function tableKey(reader: TokenReader, table: string): TableKey | null {
  const name = reader.takeWords('CONSTRAINT') ? reader.name() : null
  if (reader.takeWords('PRIMARY', 'KEY')) return keyOf(table, 'PRIMARY KEY', reader.nameList(), name)
  if (reader.peekWord('UNIQUE') && reader.takeWords('UNIQUE')) return keyOf(table, 'UNIQUE', reader.nameList(), name)
  if (reader.takeWords('FOREIGN', 'KEY')) {
    const columns = reader.nameList()
    reader.expectWords('REFERENCES')
    return foreignKey(reader, table, columns, name)
  }
  if (name !== null || reader.peekWord('CHECK')) throw unsupported('A constraint other than a key')
  return null
}

const keyOf = (
  table: string,
  kind: 'PRIMARY KEY' | 'UNIQUE',
  columns: readonly string[],
  name: string | null = null,
): TableKey => ({
  name: name ?? (kind === 'UNIQUE' ? `${table}_${columns.join('_')}_key` : `${table}_pkey`),
  kind,
  columns,
  references: null,
})

function foreignKey(reader: TokenReader, table: string, columns: readonly string[], name: string | null): TableKey {
  const target = reader.relation()
  const isOpen = reader.current?.kind === 'symbol' && reader.current.text === '('
  return {
    name: name ?? `${table}_${columns.join('_')}_fkey`,
    kind: 'FOREIGN KEY',
    columns,
    references: { schema: target.schema, table: target.name, columns: isOpen ? reader.nameList() : [] },
  }
}

/** DISTSTYLE, DISTKEY, SORTKEY, BACKUP behind a table. */
function readTableAttributes(reader: TokenReader, draft: Draft): void {
  for (;;) {
    if (reader.takeWords('DISTSTYLE')) draft.distStyle = reader.next().text.toUpperCase() as Draft['distStyle']
    else if (reader.takeWords('DISTKEY')) {
      const [column, ...more] = reader.nameList()
      if (more.length > 0 || draft.distKey !== null) throw sqlError('42601', 'a table has one DISTKEY column')
      draft.distKey = column!
      draft.distStyle ??= 'KEY'
    } else if (reader.takeWords('SORTKEY', 'AUTO')) draft.sortStyle = 'AUTO'
    else if (reader.takeWords('COMPOUND', 'SORTKEY') || reader.takeWords('SORTKEY')) {
      draft.sortStyle = 'COMPOUND'
      draft.sortKey.push(...reader.nameList())
    } else if (reader.takeWords('INTERLEAVED', 'SORTKEY')) {
      draft.sortStyle = 'INTERLEAVED'
      draft.sortKey.push(...reader.nameList())
    } else if (reader.takeWords('BACKUP')) reader.next()
    else if (reader.takeWords('ENCODE', 'AUTO')) continue
    else break
  }
  if (draft.distStyle !== null && !['AUTO', 'EVEN', 'ALL', 'KEY'].includes(draft.distStyle))
    throw sqlError('42601', `syntax error at or near "${String(draft.distStyle)}" (expected AUTO, EVEN, ALL or KEY)`)
}

const finished = (draft: Draft): TableAttributes => ({ ...draft, distStyle: draft.distStyle ?? 'AUTO' })
