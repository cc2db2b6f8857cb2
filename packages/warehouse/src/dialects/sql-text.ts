import type { Json } from '@deltaworks/schema'
import type { Grant } from '../table-layout.js'
import type { ForeignKey } from '../warehouse-table.js'
import type { ColumnDefinition, TableDefinition } from './sql-dialect.js'

/** `"identifier"`, as the SQL standard has it. */
export const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`
/** `'text'`: quotes doubled, backslashes left as they are. */
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
export const nameList = (names: readonly string[]): string => names.map(quote).join(', ')

/** A property of a column from its Delta metadata, if it is of that type. */
export const metadataText = (metadata: Readonly<Record<string, Json>> | undefined, key: string): string | null => {
  const value = metadata?.[key]
  return typeof value === 'string' ? value : null
}
export const metadataNumber = (metadata: Readonly<Record<string, Json>> | undefined, key: string): number | null => {
  const value = metadata?.[key]
  return typeof value === 'number' ? value : null
}

/** What is said of a table, its keys included. */
export function tableComment(definition: TableDefinition, keys: 'with keys' | 'without keys'): string | null {
  const said = [
    ...(definition.comment === null ? [] : [definition.comment]),
    ...(keys === 'without keys' || definition.primaryKey.length === 0
      ? []
      : [`Primary key: ${definition.primaryKey.join(', ')}.`]),
    ...definition.foreignKeys
      .filter((key) => keys === 'with keys' || !definition.declaredKeys.includes(key))
      .map((key) => `${key.columns.join(', ')} refers to ${key.table}(${key.references.join(', ')}).`),
  ]
  return said.length === 0 ? null : said.join(' ')
}

export const commentStatements = (definition: TableDefinition, comment: string | null): readonly string[] => [
  ...(comment === null ? [] : [`COMMENT ON TABLE ${definition.relation} IS ${text(comment)}`]),
  ...columnComments(definition),
]

const columnComments = (definition: TableDefinition): readonly string[] =>
  definition.columns
    .filter((column) => column.comment !== null)
    .map(({ name, comment }) => `COMMENT ON COLUMN ${definition.relation}.${quote(name)} IS ${text(comment!)}`)

export const columnLine = ({ name, type, nullable }: ColumnDefinition): string =>
  `  ${quote(name)} ${type.sql}${nullable ? '' : ' NOT NULL'}`

export const declaredKeys = ({ name, primaryKey, declaredKeys, prefix }: TableDefinition): readonly string[] => [
  ...(primaryKey.length === 0 ? [] : [`  PRIMARY KEY (${nameList(primaryKey)})`]),
  ...declaredKeys.map((key) => `  ${foreignKey(name, prefix, key)}`),
]

export const constraintName = (table: string, { columns }: ForeignKey): string =>
  quote(`${table}_${columns.join('_')}_fk`.slice(0, 60))

export const foreignKey = (table: string, prefix: string, key: ForeignKey): string =>
  `CONSTRAINT ${constraintName(table, key)} FOREIGN KEY (${nameList(key.columns)}) REFERENCES ${prefix}${quote(key.table)} (${nameList(key.references)})`

export const grants = (
  relation: string,
  wanted: readonly Grant[] | undefined,
  grantee: (to: Grant['to']) => string,
): readonly string[] =>
  (wanted ?? []).map(({ privileges, to }) => `GRANT ${privileges.join(', ')} ON TABLE ${relation} TO ${grantee(to)}`)

/** The columns that are to be masked. */
export const maskedColumns = ({ columns, layout }: TableDefinition): readonly ColumnDefinition[] =>
  layout.unmaskedRoles === undefined ? [] : columns.filter((column) => column.pii !== null)
