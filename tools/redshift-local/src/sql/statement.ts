import { sqlError, unsupported } from '../sql-failure.js'
import { parseType } from './column-types.js'
import { parseCopy, parseUnload, type CopyStatement, type UnloadStatement } from './copy-statement.js'
import { lengthCheck, lengthConstraint, parseCreateTable, tableKey, type CreateTable } from './create-table.js'
import { lowerQuoted, refuseForeign, translateExpressions } from './expressions.js'
import type { TableKey } from './table-attributes.js'
import { isWord, quoteName, quoteText, relationSql, TokenReader, type RelationName, type Token } from './tokens.js'

/** What a statement of Redshift is, and what is to be done for it. */
export type Statement =
  | { readonly kind: 'sql'; readonly sql: string; readonly hasResult: boolean }
  | ({ readonly kind: 'create-table' } & CreateTable)
  | {
      readonly kind: 'drop-tables'
      readonly relations: readonly RelationName[]
      readonly cascade: boolean
      readonly sql: string
    }
  | { readonly kind: 'add-key'; readonly relation: RelationName; readonly key: TableKey }
  | { readonly kind: 'drop-key'; readonly relation: RelationName; readonly name: string }
  | { readonly kind: 'alter-type'; readonly relation: RelationName; readonly column: string; readonly sql: string }
  | { readonly kind: 'alter-attributes'; readonly relation: RelationName; readonly attributes: AlteredAttributes }
  | { readonly kind: 'masking-policy'; readonly name: string; readonly ifNotExists: boolean }
  | { readonly kind: 'attach-policy'; readonly name: string; readonly relation: RelationName; readonly column: string }
  | { readonly kind: 'begin' | 'commit' | 'rollback' }
  | { readonly kind: 'set'; readonly name: string; readonly value: string }
  | ({ readonly kind: 'copy' } & CopyStatement)
  | ({ readonly kind: 'unload' } & UnloadStatement)

export interface AlteredAttributes {
  readonly distStyle?: string
  readonly distKey?: string
  readonly sortStyle?: 'AUTO' | 'COMPOUND' | 'INTERLEAVED' | null
  readonly sortKey?: readonly string[]
  readonly encodings?: Readonly<Record<string, string>>
}

/** @throws SqlFailure for what Redshift refuses, and for what this server cannot do */
export function parseStatement(given: readonly Token[], caseSensitive: boolean): Statement {
  const tokens = caseSensitive ? given : lowerQuoted(given)
  const reader = new TokenReader(tokens)
  const first = reader.current?.text.toUpperCase() ?? ''
  switch (first) {
    case 'COPY':
      return { kind: 'copy', ...parseCopy(tokens) }
    case 'UNLOAD':
      return { kind: 'unload', ...parseUnload(tokens) }
    case 'BEGIN':
    case 'START':
      return { kind: 'begin' }
    case 'COMMIT':
    case 'END':
      return { kind: 'commit' }
    case 'ROLLBACK':
    case 'ABORT':
      return { kind: 'rollback' }
    case 'SET':
      return setting(reader)
    case 'VACUUM':
      return vacuum(reader)
    case 'ANALYZE':
      return analyze(reader)
    case 'ALTER':
      if (reader.peekWord('ALTER', 'TABLE')) return alterTable(tokens, caseSensitive)
      return plain(tokens, caseSensitive)
    case 'DROP':
      return reader.peekWord('DROP', 'TABLE') ? dropTables(reader) : plain(tokens, caseSensitive)
    case 'CREATE':
      return create(tokens, reader, caseSensitive)
    case 'ATTACH':
      return attachPolicy(reader)
    case 'GRANT':
    case 'REVOKE':
      return grant(tokens, caseSensitive)
    default:
      return plain(tokens, caseSensitive)
  }
}

function plain(tokens: readonly Token[], caseSensitive: boolean): Statement {
  refuseForeign(tokens)
  const first = tokens.find(({ kind }) => kind !== 'space')
  const hasResult = isWord(first, 'SELECT', 'WITH', 'SHOW', 'EXPLAIN', 'VALUES') || first?.text === '('
  return { kind: 'sql', sql: translateExpressions(tokens, caseSensitive), hasResult }
}

function create(tokens: readonly Token[], reader: TokenReader, caseSensitive: boolean): Statement {
  const at = (words: readonly string[]) => words.every((word, i) => isWord(reader.tokens[i], word))
  if (at(['CREATE', 'TABLE']) || at(['CREATE', 'TEMP', 'TABLE']) || at(['CREATE', 'TEMPORARY', 'TABLE'])) {
    refuseForeign(tokens)
    const parsed = parseCreateTable(tokens)
    return { kind: 'create-table', ...parsed }
  }
  if (reader.takeWords('CREATE', 'MASKING', 'POLICY')) {
    const name = reader.name()
    const ifNotExists = reader.takeWords('IF', 'NOT', 'EXISTS')
    reader.expectWords('WITH')
    return { kind: 'masking-policy', name, ifNotExists }
  }
  // Views are late-binding or not; PostgreSQL's always bind.
  const text = tokens.filter(({ kind }) => kind !== 'space')
  const isLate = ['WITH', 'NO', 'SCHEMA', 'BINDING'].every((word, i) => isWord(text[text.length - 4 + i], word))
  const kept = isLate ? tokens.slice(0, tokens.indexOf(text[text.length - 4]!)) : tokens
  return plain(kept, caseSensitive)
}

function setting(reader: TokenReader): Statement {
  reader.expectWords('SET')
  reader.takeWords('SESSION')
  if (reader.takeWords('TIME', 'ZONE')) return { kind: 'set', name: 'timezone', value: valueOf(reader) }
  const name = reader.name()
  if (!reader.takeSymbol('=') && !reader.takeWords('TO')) throw reader.unexpected('TO')
  return { kind: 'set', name, value: valueOf(reader) }
}

const valueOf = (reader: TokenReader): string => {
  const token = reader.next()
  return token.kind === 'text' ? token.text.slice(1, -1).replaceAll("''", "'") : token.text
}

function vacuum(reader: TokenReader): Statement {
  reader.expectWords('VACUUM')
  for (const words of [['FULL'], ['SORT', 'ONLY'], ['DELETE', 'ONLY'], ['REINDEX'], ['RECLUSTER']])
    if (reader.takeWords(...words)) break
  const relation = reader.isAtEnd ? '' : ` ${relationSql(reader.relation())}`
  return { kind: 'sql', sql: `VACUUM${relation}`, hasResult: false }
}

function analyze(reader: TokenReader): Statement {
  reader.expectWords('ANALYZE')
  if (reader.peekWord('COMPRESSION')) throw unsupported('ANALYZE COMPRESSION')
  reader.takeWords('VERBOSE')
  const relation = reader.isAtEnd ? '' : ` ${relationSql(reader.relation())}`
  return { kind: 'sql', sql: `ANALYZE${relation}`, hasResult: false }
}

function alterTable(tokens: readonly Token[], caseSensitive: boolean): Statement {
  const reader = new TokenReader(tokens)
  reader.expectWords('ALTER', 'TABLE')
  const relation = reader.relation()
  if (reader.takeWords('ADD')) {
    const key = tableKey(reader, relation.name)
    if (key !== null) return { kind: 'add-key', relation, key }
    reader.takeWords('COLUMN')
    return addColumn(reader, relation)
  }
  if (reader.takeWords('DROP', 'CONSTRAINT')) return { kind: 'drop-key', relation, name: reader.name() }
  if (reader.takeWords('ALTER', 'COLUMN')) return alterColumn(reader, relation)
  if (reader.takeWords('ALTER')) return alterAttributes(reader, relation)
  return plain(tokens, caseSensitive)
}

function addColumn(reader: TokenReader, relation: RelationName): Statement {
  const name = reader.name()
  const { postgres, maxBytes } = parseType(reader)
  const clauses: string[] = []
  while (!reader.isAtEnd) {
    if (reader.takeWords('NOT', 'NULL')) clauses.push('NOT NULL')
    else if (reader.takeWords('DEFAULT')) clauses.push(`DEFAULT ${reader.next().text}`)
    else if (reader.takeWords('ENCODE')) reader.next()
    else if (!reader.takeWords('NULL')) throw reader.unexpected('the end')
  }
  if (clauses.includes('NOT NULL') && !clauses.some((clause) => clause.startsWith('DEFAULT')))
    throw sqlError('0A000', 'ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression')
  const check = maxBytes === null ? '' : `, ADD ${lengthCheck(name, maxBytes)}`
  const sql = `ALTER TABLE ${relationSql(relation)} ADD COLUMN ${quoteName(name)} ${postgres} ${clauses.join(' ')}${check}`
  return { kind: 'sql', sql, hasResult: false }
}

function alterColumn(reader: TokenReader, relation: RelationName): Statement {
  const column = reader.name()
  if (reader.takeWords('ENCODE'))
    return {
      kind: 'alter-attributes',
      relation,
      attributes: { encodings: { [column]: reader.next().text.toUpperCase() } },
    }
  reader.expectWords('TYPE')
  const { redshift, postgres, maxBytes } = parseType(reader)
  if (redshift !== 'VARCHAR')
    throw sqlError(
      '0A000',
      `cannot alter type of column "${column}" to ${redshift}: only the length of VARCHAR can be changed`,
    )
  const table = relationSql(relation)
  const [constraint, name] = [quoteName(lengthConstraint(column)), quoteName(column)]
  const sql = `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${constraint}, ALTER COLUMN ${name} TYPE ${postgres}, ADD ${lengthCheck(column, maxBytes!)}`
  return { kind: 'alter-type', relation, column, sql }
}

function alterAttributes(reader: TokenReader, relation: RelationName): Statement {
  const of = (attributes: AlteredAttributes): Statement => ({ kind: 'alter-attributes', relation, attributes })
  if (reader.takeWords('DISTSTYLE')) {
    const distStyle = reader.next().text.toUpperCase()
    return of(reader.takeWords('DISTKEY') ? { distStyle, distKey: reader.name() } : { distStyle })
  }
  if (reader.takeWords('DISTKEY')) return of({ distStyle: 'KEY', distKey: reader.name() })
  if (reader.takeWords('SORTKEY', 'AUTO')) return of({ sortStyle: 'AUTO', sortKey: [] })
  if (reader.takeWords('SORTKEY', 'NONE')) return of({ sortStyle: null, sortKey: [] })
  reader.takeWords('COMPOUND')
  reader.expectWords('SORTKEY')
  return of({ sortStyle: 'COMPOUND', sortKey: reader.nameList() })
}

function dropTables(reader: TokenReader): Statement {
  reader.expectWords('DROP', 'TABLE')
  const ifExists = reader.takeWords('IF', 'EXISTS')
  const relations: RelationName[] = []
  do relations.push(reader.relation())
  while (reader.takeSymbol(','))
  const cascade = reader.takeWords('CASCADE')
  const sql = `DROP TABLE ${ifExists ? 'IF EXISTS ' : ''}${relations.map(relationSql).join(', ')}${cascade ? ' CASCADE' : ''}`
  return { kind: 'drop-tables', relations, cascade, sql }
}

function attachPolicy(reader: TokenReader): Statement {
  reader.expectWords('ATTACH', 'MASKING', 'POLICY')
  const name = reader.name()
  reader.expectWords('ON')
  const relation = reader.relation()
  const [column] = reader.nameList()
  return { kind: 'attach-policy', name, relation, column: column! }
}

/** Redshift names roles with the word ROLE; in PostgreSQL all of them are roles. */
function grant(tokens: readonly Token[], caseSensitive: boolean): Statement {
  const words = tokens.filter((token, i) => {
    const before = tokens.slice(0, i).findLast(({ kind }) => kind !== 'space')
    return !(isWord(token, 'ROLE') && isWord(before, 'TO', 'FROM'))
  })
  return plain(words, caseSensitive)
}

/** Settings that are Redshift's alone are kept under a name of our own. */
export const settingSql = (name: string, value: string): string => {
  const known = ['timezone', 'search_path', 'statement_timeout', 'datestyle']
  const own = known.includes(name) ? name : `redshift_local.${name}`
  const text = name === 'search_path' ? `${value}, redshift_local` : value
  return `SELECT set_config(${quoteText(own)}, ${quoteText(text)}, false)`
}
