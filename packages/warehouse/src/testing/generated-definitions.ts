import {
  binary,
  boolean,
  date,
  decimal,
  field,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  list,
  map,
  schema,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type DataType,
  type Field,
} from '@deltaworks/schema'
import { postgresDialect } from '../dialects/postgres-dialect.js'
import { redshiftDialect } from '../dialects/redshift-dialect.js'
import { snowflakeDialect } from '../dialects/snowflake-dialect.js'
import type { SqlDialect } from '../dialects/sql-dialect.js'
import { defineIn } from '../definition.js'
import { driftOf } from '../drift.js'
import { layoutOf, recordedLayout } from '../layout.js'
import { loadScript, type Copier, type LoadStep } from '../load-script.js'
import type { TableLayout } from '../table-layout.js'
import type { TableLoad } from '../target.js'
import { redshiftCopier } from '../targets/redshift-copy.js'
import { snowflakeCopier } from '../targets/snowflake-copy.js'
import { allTotals, totalsQuery } from '../table-probe.js'
import type { Batches, WarehouseTable } from '../warehouse-table.js'

/** Numbers from a seed (mulberry32): the same definitions in every run and in every tool. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below)
  }
}

const plainTypes: readonly DataType[] = [
  boolean,
  int8,
  int16,
  int32,
  int64,
  float32,
  float64,
  string,
  binary,
  date,
  timestamp,
  timestampNtz,
  decimal(12, 2),
  decimal(18, 0),
  decimal(38, 10),
  decimal(5, 5),
]
const nestedTypes: readonly DataType[] = [
  list(int32),
  map(string, int64),
  struct([field('x', int32), field('y y', list(string))]),
  variant,
]
/** Names that are words of SQL, have quotes in them, or letters of others than English. */
const oddNames = [
  'order',
  'select',
  'größe',
  'with space',
  'quo"te',
  "apos'trophe",
  'back\\slash',
  'Mixed Case',
  '1st',
  'semi;colon',
]
const oddComments = ["it's", 'a -- comment', 'zwei\nZeilen', 'back\\slash', '100 %; DROP TABLE x', '/* no */']

const noRows: Batches = { kind: 'batches', heap: null as never, batches: async function* () {} }

/** A table of any make, from a seed. */
export function generatedTable(seed: number): WarehouseTable {
  const next = numbers(seed * 7919 + 1)
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]!
  const names = new Set<string>()
  const columnCount = 2 + next(12)
  while (names.size < columnCount) names.add(next(5) === 0 ? pick(oddNames) : `c${names.size}_${next(1000)}`)
  const fields = [...names].map((name, i): Field => {
    const type = i === 0 ? pick([int64, string, int32]) : next(6) === 0 ? pick(nestedTypes) : pick(plainTypes)
    const metadata = {
      ...(next(3) === 0 ? { comment: pick(oddComments) } : {}),
      ...(type.kind === 'string' && next(3) === 0 ? { 'deltaworks.pii': 'email' } : {}),
      ...(type.kind === 'string' && next(4) === 0 ? { maxlength: 1 + next(60_000) } : {}),
    }
    return field(name, type, i !== 0 && next(3) > 0, metadata)
  })
  const comparable = fields
    .filter(({ type }) => !['list', 'map', 'struct', 'variant'].includes(type.kind))
    .map((f) => f.name)
  const sorted = comparable.slice(0, 1 + next(Math.min(3, comparable.length)))
  const layout: TableLayout = {
    ...(next(2) === 0
      ? {
          distribution:
            next(2) === 0
              ? { style: 'key', column: pick(comparable) }
              : { style: pick(['auto', 'even', 'all'] as const) },
        }
      : {}),
    ...(next(3) > 0 ? { sort: next(4) === 0 ? { style: 'auto' } : { style: 'compound', columns: sorted } } : {}),
    ...(next(3) === 0 ? { encodings: { [fields[0]!.name]: pick(['RAW', 'ZSTD', 'LZO'] as const) } } : {}),
    ...(next(3) === 0 ? { clusterBy: sorted } : {}),
    ...(next(4) === 0 ? { transient: true, retentionDays: next(2) } : {}),
    ...(next(4) === 0
      ? {
          grants: [
            {
              privileges: ['SELECT'],
              to: pick([
                { kind: 'public' },
                { kind: 'role', name: 'Analysts' },
                { kind: 'group', name: 'bi' },
              ] as const),
            },
          ],
        }
      : {}),
    ...(next(4) === 0 ? { unmaskedRoles: ['auditors'] } : {}),
    ...(seed % 2 === 0 ? { upsert: 'merge' } : {}),
    // Late binding needs a schema, which every third has.
    ...(seed % 3 === 0 ? { lateBinding: true } : {}),
    ...(next(5) === 0
      ? { preActions: ['DELETE FROM {table} WHERE 1 = 0'], postActions: ['SELECT COUNT(*) FROM {table}'] }
      : {}),
  }
  return {
    name: next(6) === 0 ? `${pick(oddNames)} ${seed}` : `table_${seed}`,
    schema: schema(fields),
    identity: `generated ${seed}`,
    deltaVersion: 1 + next(100),
    source: noRows,
    expected: null,
    primaryKey: next(4) === 0 ? [] : [fields[0]!.name],
    foreignKeys: next(3) === 0 ? [{ columns: [fields[0]!.name], table: 'dim', references: ['key'] }] : [],
    comment: next(2) === 0 ? pick(oddComments) : null,
    aliases: next(4) === 0 ? [`alias_${seed}`] : [],
    layout,
  }
}

const dim: WarehouseTable = {
  ...generatedTable(0),
  name: 'dim',
  schema: schema([field('key', int64, false)]),
  primaryKey: ['key'],
  layout: {},
}

const dialects = {
  postgres: { dialect: postgresDialect, publication: 'swap' as const },
  redshift: { dialect: redshiftDialect, publication: 'swap' as const },
  snowflake: { dialect: snowflakeDialect, publication: 'replace' as const },
}
export type GeneratedDialect = keyof typeof dialects

const copiers: Readonly<Record<GeneratedDialect, Copier>> = {
  postgres: (_, relation, columns, part) => ({
    stage: [],
    load: [{ kind: 'rows', sql: `COPY ${relation} FROM STDIN`, relation, columns, part }],
    cleanUp: [],
  }),
  redshift: redshiftCopier('s3://bucket/staging', { iamRole: 'arn:aws:iam::123456789012:role/loader' }),
  snowflake: snowflakeCopier('file:///tmp/staging', { kind: 'internal', name: 'deltaworks_stage' }),
}
const tableStageCopier = snowflakeCopier('file:///tmp/staging', { kind: 'table' }, { purge: true })

/**
 * Every statement that loads of a generated definition run: the first load, an append, a merge, an incremental load after a
 * column was added and one widened, and what is asked for a reconciliation.
 */
export function generatedStatements(name: GeneratedDialect, seed: number): readonly string[] {
  const { dialect, publication } = dialects[name]
  const copy = name === 'snowflake' && seed % 2 === 0 ? tableStageCopier : copiers[name]
  const table = generatedTable(seed)
  const context = { schemaName: seed % 3 === 0 ? 'mart' : null, tables: [table, dim] }
  const definition = defineIn(dialect, table, { ...context, recorded: null })
  const recorded = recordedLayout(layoutOf(definition))!
  const widened = defineIn(dialect, widenedTable(table), { ...context, recorded })
  const changes = { upserts: noRows, deletes: noRows, insertsOnly: false }
  const base = { table, definition, loadId: 'load-1', recorded: null, drifts: [], referencing: [], changes: null }
  const loads: readonly TableLoad[] = [
    { ...base, mode: 'full', fromVersion: null },
    {
      ...base,
      mode: 'full',
      fromVersion: 1,
      recorded,
      referencing: [{ table: 'other', key: { columns: ['a'], table: table.name, references: ['b'] } }],
    },
    { ...base, mode: 'append', fromVersion: 1, recorded, changes: { ...changes, deletes: null, insertsOnly: true } },
    ...(table.primaryKey.length === 0
      ? []
      : [
          { ...base, mode: 'merge' as const, fromVersion: 1, recorded },
          {
            ...base,
            definition: widened,
            mode: 'incremental' as const,
            fromVersion: 1,
            recorded,
            drifts: driftOf(recorded, widened),
            changes,
          },
        ]),
  ]
  const steps = loads.flatMap((load) => {
    const script = loadScript(load, { dialect, copy, publication })
    return [...script.stage, ...script.load, ...script.maintain, ...script.cleanUp]
  })
  const { sql } = totalsQuery(dialect as SqlDialect, definition.relation, allTotals(table.schema))
  return [...steps.flatMap(sqlOf), sql]
}

const sqlOf = (step: LoadStep): readonly string[] => ('sql' in step ? [step.sql] : [])

const widenedTable = (table: WarehouseTable): WarehouseTable => ({
  ...table,
  schema: schema([
    ...table.schema.fields.map((f) => (f.type.kind === 'int32' ? { ...f, type: int64 } : f)),
    field('added_later', decimal(20, 4)),
  ]),
})
