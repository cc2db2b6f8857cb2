import type { Schema } from '@deltaworks/schema'
import type { SqlDialect, TableDefinition } from './dialects/sql-dialect.js'
import { constraintName, foreignKey, nameList, quote } from './dialects/sql-text.js'
import { deleteMatching, insertFrom, keyFields, mergeFrom } from './row-changes-sql.js'
import type { TableLoad } from './target.js'

/** Which rows of a load. */
export type RowsPart = 'all' | 'upserts' | 'deletes'

/** One thing that a load does. Data: a dry run prints it, a run executes it. */
export type LoadStep =
  | { readonly kind: 'sql'; readonly sql: string }
  /** Rows sent through the connection; `sql` is the statement that takes them, or says what the driver does. */
  | {
      readonly kind: 'rows'
      readonly sql: string
      readonly relation: string
      readonly columns: Schema
      readonly part: RowsPart
    }
  /** Rows written as Parquet files under a URI. */
  | { readonly kind: 'stage'; readonly uri: string; readonly columns: Schema; readonly part: RowsPart }
  /** The removal of staged files. */
  | { readonly kind: 'unstage'; readonly uri: string }

export interface LoadScript {
  /** Before the transaction: files, and what no transaction can hold. */
  readonly stage: readonly LoadStep[]
  /** In the transaction. */
  readonly load: readonly LoadStep[]
  /** Only once it has been committed. */
  readonly maintain: readonly LoadStep[]
  /** In any case. */
  readonly cleanUp: readonly LoadStep[]
}

/** How rows get into a relation of one warehouse. */
export type Copier = (
  load: TableLoad,
  relation: string,
  columns: Schema,
  part: RowsPart,
) => { readonly stage: readonly LoadStep[]; readonly load: readonly LoadStep[]; readonly cleanUp: readonly LoadStep[] }

export interface ScriptOptions {
  readonly dialect: SqlDialect
  readonly copy: Copier
  /** Whether rows with these columns must come to a table of their own first, as something is done to them there. */
  readonly stagesAppends?: (columns: Schema) => boolean
  /**
   * How a whole table takes the place of the one before. `create`: CREATE OR REPLACE in the transaction. `swap`: it is filled
   * under another name, which is renamed. `replace`: its rows are filled into another table, and exchanged by DELETE and INSERT
   * (where no transaction holds DDL).
   */
  readonly publication: 'create' | 'swap' | 'replace'
}

const sql = (text: string): LoadStep => ({ kind: 'sql', sql: text })
const steps = (texts: readonly string[]): readonly LoadStep[] => texts.map(sql)

/** Everything that is done for one table, in order. */
export function loadScript(load: TableLoad, options: ScriptOptions): LoadScript {
  const { layout, relation } = load.definition
  const actions = (texts: readonly string[] | undefined) =>
    steps((texts ?? []).map((text) => text.replaceAll('{table}', relation)))
  const body = bodyOf(load, options)
  return {
    ...body,
    load: [...actions(layout.preActions), ...body.load, ...actions(layout.postActions)],
    maintain: steps(options.dialect.maintain(load.definition)),
  }
}

type Body = Omit<LoadScript, 'maintain'>

function bodyOf(load: TableLoad, options: ScriptOptions): Body {
  if (load.mode !== 'full') return changesBody(load, options)
  switch (options.publication) {
    case 'create':
      return createBody(load, options)
    case 'swap':
      return swapBody(load, options)
    case 'replace':
      return replaceBody(load, options)
  }
}

const columnsOf = ({ columns }: TableDefinition): Schema => ({ fields: columns.map(({ field }) => field) })

const dropAliases = ({ aliases, prefix }: TableDefinition): readonly string[] =>
  aliases.map((alias) => `DROP VIEW IF EXISTS ${prefix}${quote(alias)}`)
const createAliases = (definition: TableDefinition, { createView }: SqlDialect): readonly string[] =>
  definition.aliases.map((alias) => {
    const view = `${definition.prefix}${quote(alias)}`
    return createView?.(view, definition) ?? `CREATE VIEW ${view} AS SELECT * FROM ${definition.relation}`
  })

function createBody(load: TableLoad, { dialect, copy }: ScriptOptions): Body {
  const { definition } = load
  const copied = copy(load, definition.relation, columnsOf(definition), 'all')
  return {
    stage: copied.stage,
    load: [
      ...steps([
        ...dropAliases(definition),
        ...dialect.createTable(definition),
        ...dialect.comments(definition),
        ...createAliases(definition, dialect),
        ...dialect.access(definition),
      ]),
      ...copied.load,
    ],
    cleanUp: copied.cleanUp,
  }
}

function swapBody(load: TableLoad, { dialect, copy }: ScriptOptions): Body {
  const { definition, recorded } = load
  const { prefix, name, relation } = definition
  const [filled, former] = [`${name}__dw_load`, `${name}__dw_old`]
  const copied = copy(load, `${prefix}${quote(filled)}`, columnsOf(definition), 'all')
  const exists = load.fromVersion !== null
  // Views that an earlier definition had and this one has not are views of the former table.
  const formerAliases = { ...definition, aliases: [...new Set([...definition.aliases, ...(recorded?.aliases ?? [])])] }
  return {
    stage: copied.stage,
    load: [
      sql(`DROP TABLE IF EXISTS ${prefix}${quote(filled)}`),
      ...steps(dialect.createTable({ ...definition, relation: `${prefix}${quote(filled)}` })),
      ...copied.load,
      ...steps([
        ...dropAliases(formerAliases),
        // The former table cannot be dropped as long as keys refer to it; they are of the new one then.
        ...load.referencing.map(
          ({ table, key }) => `ALTER TABLE ${prefix}${quote(table)} DROP CONSTRAINT ${constraintName(table, key)}`,
        ),
        ...(exists ? [`ALTER TABLE ${relation} RENAME TO ${quote(former)}`] : []),
        `ALTER TABLE ${prefix}${quote(filled)} RENAME TO ${quote(name)}`,
        ...(exists ? [`DROP TABLE ${prefix}${quote(former)}`] : []),
        ...load.referencing.map(
          ({ table, key }) => `ALTER TABLE ${prefix}${quote(table)} ADD ${foreignKey(table, prefix, key)}`,
        ),
        ...dialect.comments(definition),
        ...createAliases(definition, dialect),
        ...dialect.access(definition),
      ]),
    ],
    cleanUp: copied.cleanUp,
  }
}

function replaceBody(load: TableLoad, options: ScriptOptions): Body {
  const { definition } = load
  const filled = stagingRelation(definition, 'load')
  const columns = columnsOf(definition)
  const copied = options.copy(load, filled, columns, 'all')
  return {
    stage: [
      ...steps([
        ...prepare(load, options).before,
        `CREATE OR REPLACE TEMPORARY TABLE ${filled} LIKE ${definition.relation}`,
      ]),
      ...copied.stage,
      ...copied.load,
    ],
    // A table that is new to us is empty, or is somebody else's: then the rows that are too many fail the reconciliation.
    load: steps([
      ...(load.fromVersion === null ? [] : [`DELETE FROM ${definition.relation}`]),
      insertFrom(definition, columns.fields, filled),
    ]),
    cleanUp: [sql(`DROP TABLE IF EXISTS ${filled}`), ...copied.cleanUp],
  }
}

/** Before rows come to a table that stays: it is made, or made as it is now defined. */
function prepare(load: TableLoad, { dialect }: ScriptOptions): Prepared {
  const { definition } = load
  if (load.fromVersion !== null) return alterations(load, dialect)
  const made = [
    ...dialect.createTable(definition),
    ...dialect.comments(definition),
    ...createAliases(definition, dialect),
    ...dialect.access(definition),
  ]
  return dialect.transactionalDdl ? { before: [], inTransaction: made } : { before: made, inTransaction: [] }
}

export interface Prepared {
  readonly before: readonly string[]
  readonly inTransaction: readonly string[]
}

/** The definition's new columns and types as ALTERs. What `sync` allows beyond them is left to a new table. */
export function alterations(load: TableLoad, dialect: SqlDialect): Prepared {
  const { relation } = load.definition
  const [before, inTransaction]: [string[], string[]] = [[], []]
  for (const drift of load.drifts) {
    switch (drift.kind) {
      case 'added':
        inTransaction.push(dialect.addColumn(relation, drift.column))
        break
      case 'widened': {
        const isBefore = dialect.widening(drift.column, drift.from, load.definition) === 'before'
        ;(isBefore ? before : inTransaction).push(dialect.widenColumn(relation, drift.column))
        break
      }
      case 'dropped':
        inTransaction.push(`ALTER TABLE ${relation} DROP COLUMN ${quote(drift.name)}`)
        break
      case 'narrowed':
      case 'retyped':
    }
  }
  if (before.length + inTransaction.length === 0) return { before, inTransaction }
  // Views keep the columns that they were made with, and hold on to their types.
  const formerAliases = {
    ...load.definition,
    aliases: [...new Set([...load.definition.aliases, ...(load.recorded?.aliases ?? [])])],
  }
  const within = [...dropAliases(formerAliases), ...inTransaction, ...createAliases(load.definition, dialect)]
  return dialect.transactionalDdl
    ? { before, inTransaction: within }
    : { before: [...before, ...within], inTransaction: [] }
}

/** Append, merge and incremental: rows go into the table that is there. */
function changesBody(load: TableLoad, options: ScriptOptions): Body {
  const { definition, changes, mode } = load
  const keys = keyFields(definition)
  const columns = columnsOf(definition)
  const upsertPart: RowsPart = mode === 'merge' ? 'all' : 'upserts'
  const { before, inTransaction: within } = prepare(load, options)
  const prepared = steps(within)
  const inTransaction = options.dialect.transactionalDdl
  const isFirst = load.fromVersion === null
  const isDirect = inTransaction && options.stagesAppends?.(columns) !== true
  if (isDirect && (isFirst || changes?.insertsOnly === true || mode === 'append')) {
    const copied = options.copy(load, definition.relation, columns, isFirst ? 'all' : upsertPart)
    return { stage: [...steps(before), ...copied.stage], load: [...prepared, ...copied.load], cleanUp: copied.cleanUp }
  }
  const upserts = stagingRelation(definition, 'rows')
  const deletes = stagingRelation(definition, 'gone')
  const parts = [
    { relation: upserts, columns: columns, part: isFirst ? ('all' as const) : upsertPart },
    ...(changes?.deletes === null || changes === null || mode !== 'incremental'
      ? []
      : [{ relation: deletes, columns: { fields: keys }, part: 'deletes' as const }]),
  ]
  const filled = parts.map(({ relation, columns: fields, part }) => ({
    create: [
      sql(`DROP TABLE IF EXISTS ${relation}`),
      sql(
        `CREATE ${inTransaction ? 'TABLE' : 'TEMPORARY TABLE'} ${relation} AS SELECT ${nameList(fields.fields.map((f) => f.name))} FROM ${definition.relation} WHERE 1 = 0`,
      ),
    ],
    copied: options.copy(load, relation, fields, part),
    drop: sql(`DROP TABLE IF EXISTS ${relation}`),
  }))
  const makes = filled.flatMap(({ create, copied }) => [...create, ...copied.load])
  // The stage of a table is there when the table is.
  const fills = filled.flatMap(({ create, copied }) => [...create, ...copied.stage, ...copied.load])
  const stages = filled.flatMap(({ copied }) => copied.stage)
  const isUpsert = mode !== 'append' && !isFirst
  const others = columns.fields.filter(({ name }) => !definition.primaryKey.includes(name))
  const merges = isUpsert && definition.layout.upsert === 'merge' && others.length > 0
  const applies = steps([
    ...parts
      .filter(({ part }) => part === 'deletes' || (isUpsert && !merges))
      .map(({ relation }) => deleteMatching(definition, keys, relation)),
    merges ? mergeFrom(definition, keys, others, upserts) : insertFrom(definition, columns.fields, upserts),
  ])
  const drops = filled.map(({ drop }) => drop)
  const unstaged = filled.flatMap(({ copied }) => copied.cleanUp)
  return inTransaction
    ? { stage: [...steps(before), ...stages], load: [...prepared, ...makes, ...applies, ...drops], cleanUp: unstaged }
    : { stage: [...steps(before), ...fills], load: applies, cleanUp: [...drops, ...unstaged] }
}

const stagingRelation = ({ prefix, name }: TableDefinition, suffix: string): string =>
  `${prefix}${quote(`${name}__dw_${suffix}`)}`

/** A step as a dry run prints it. */
export function stepText(step: LoadStep): string {
  switch (step.kind) {
    case 'sql':
      return `${step.sql};`
    case 'rows':
      return step.sql.startsWith('--') ? step.sql : `${step.sql}; -- ${partNames[step.part]}`
    case 'stage':
      return `-- ${partNames[step.part]} are written as Parquet under ${step.uri}`
    case 'unstage':
      return `-- files under ${step.uri} are removed`
  }
}

const partNames: Readonly<Record<RowsPart, string>> = {
  all: 'all rows',
  upserts: 'new and changed rows',
  deletes: 'keys of deleted rows',
}
