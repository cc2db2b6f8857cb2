import { formatExpression, type BoundExpression } from '@deltaworks/expression'
import {
  checkWritable,
  formatSchema,
  readEverything,
  readNothing,
  removeOf,
  requiredFeatures,
  withFeatures,
  withSchema,
  type Action,
  type AddFile,
  type Metadata,
  type ReadSet,
  type Snapshot,
} from '@deltaworks/delta-log'
import { fieldOf, type Schema } from '@deltaworks/schema'
import { badPartitioning, outsideReplaceWhere } from '../errors.js'
import { writesChanges } from '../changes.js'
import { predicateParameter } from '../condition-text.js'
import { DeltaTableProvider, keysOf } from '../delta-table-provider.js'
import {
  fileBytesOf,
  reportOf,
  runOperation,
  type Intent,
  type OperationContext,
  type OperationResult,
} from '../operation-context.js'
import { filterOf, isTrue, not, scanOf, unionOf } from '../plan-nodes.js'
import {
  bindCondition,
  candidateFiles,
  dataColumnsOf,
  fileMatcher,
  partitionKey,
  type Condition,
} from '../predicates.js'
import { runOptions } from '../run-options.js'
import { scanTracked, trackedFields, withTrackedColumns } from '../tracked-rows.js'
import { planOf, type Rows } from '../table-session.js'
import { fitTarget, withIdentityMarks } from '../write/fit-target.js'
import { enforceSchema, plainField } from '../write/schema-enforcement.js'
import type { AppendOptions } from '../write/write-options.js'
import { changesAs, writeChanges } from '../write/write-changes.js'
import { discardOnFailure, writeRows } from '../write/write-rows.js'
import { isCommitted } from './append.js'
import { replaceMatching } from './replace-matching.js'

export interface OverwriteOptions extends AppendOptions {
  /** Only rows that satisfy this are replaced; the new rows must satisfy it as well. */
  readonly replaceWhere?: Condition
  /** Only rows are replaced that equal one of the new rows in these columns; null equals nothing. */
  readonly replaceUsing?: readonly string[]
  /** Only rows are replaced for which this is true with one of the new rows: over `col(name, 'target')` and `col(name, 'source')`. */
  readonly replaceOn?: Condition
  /** `dynamic`: only partitions that the new rows touch are replaced. Default `static`: all of them. */
  readonly partitionOverwrite?: 'static' | 'dynamic'
  /** The table takes the rows' schema (and `partitionBy`, if given) instead of its own. */
  readonly overwriteSchema?: boolean
  readonly partitionBy?: readonly string[]
}

/** Replaces the table's rows, or a part of them, in one commit. */
export function overwriteRows(
  context: OperationContext,
  snapshot: Snapshot,
  rows: Rows,
  options: OverwriteOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, async (base, nowMs) => {
    if (options.skipIfCommitted === true && isCommitted(base, options)) return null
    checkWritable(context.location.uri, base.protocol, base.metadata, base.schema, 'write')
    if (options.replaceWhere !== undefined)
      return replaceWhere(context, base, rows, options, options.replaceWhere, nowMs)
    const on = options.replaceUsing ?? options.replaceOn
    if (on !== undefined) return replaceMatching(context, base, rows, options, on, nowMs)
    return options.partitionOverwrite === 'dynamic'
      ? replacePartitions(context, base, rows, options, nowMs)
      : replaceAll(context, base, rows, options, nowMs)
  })
}

async function replaceAll(
  context: OperationContext,
  base: Snapshot,
  rows: Rows,
  options: OverwriteOptions,
  nowMs: number,
): Promise<Intent> {
  const { session, location } = context
  const shape = newShape(location.uri, base, rows, options)
  const fitted = await fitTarget(location.uri, shape.metadata, shape.schema, planOf(rows), options.mergeSchema === true)
  const { plan, schema, identities } = fitted
  const written = await writeRows(
    { session, location, protocol: base.protocol, metadata: fitted.metadata, schema },
    plan,
    writeSettings(fitted.metadata, options, nowMs),
  )
  const metadata = withIdentityMarks(fitted.metadata, schema, identities, written.rowCount)
  const changed = metadata !== base.metadata
  const removed = [...base.files.values()]
  const protocol = withFeatures(base.protocol, requiredFeatures(schema, metadata.configuration))
  const upgrade: readonly Action[] = protocol === base.protocol ? [] : [protocol]
  return {
    base,
    actions: [...upgrade, ...(changed ? [metadata] : []), ...removed.map((f) => removeOf(f, nowMs)), ...written.adds],
    written,
    operation: writeOperation(metadata, { mode: 'Overwrite' }, written, removed),
    reads: changed || removed.length > 0 ? readEverything : readNothing,
    remakesMetadata: identities.length > 0,
    report: reportOf(written, removed.length, {}),
  }
}

interface Shape {
  readonly metadata: Metadata
  readonly schema: Schema
}

/** The schema and partitioning that the table has after an overwrite. */
function newShape(table: string, base: Snapshot, rows: Rows, options: OverwriteOptions): Shape {
  if (options.overwriteSchema !== true) {
    const wanted = options.partitionBy
    if (wanted !== undefined && wanted.join('\n') !== base.partitionColumns.join('\n')) {
      throw badPartitioning(
        table,
        `the table is partitioned by (${base.partitionColumns.join(', ')}), the rows are to be by (${wanted.join(', ')}); use overwriteSchema to change that`,
      )
    }
    return { metadata: base.metadata, schema: base.schema }
  }
  const wanted: Schema = { fields: planOf(rows).schema.fields.map(plainField) }
  const partitionColumns = (options.partitionBy ?? base.partitionColumns).map((name) => fieldOf(wanted, name).name)
  const same =
    formatSchema({ fields: base.schema.fields.map(plainField) }) === formatSchema(wanted) &&
    partitionColumns.join('\n') === base.partitionColumns.join('\n')
  return same
    ? { metadata: base.metadata, schema: base.schema }
    : withSchema({ ...base.metadata, partitionColumns }, wanted)
}

async function replacePartitions(
  context: OperationContext,
  base: Snapshot,
  rows: Rows,
  options: OverwriteOptions,
  nowMs: number,
): Promise<Intent> {
  const { session, location } = context
  if (base.partitionColumns.length === 0) return replaceAll(context, base, rows, options, nowMs)
  const fitted = await fitTarget(location.uri, base.metadata, base.schema, planOf(rows), options.mergeSchema === true)
  const { plan, schema, identities } = fitted
  const written = await writeRows(
    { session, location, protocol: base.protocol, metadata: fitted.metadata, schema },
    plan,
    writeSettings(fitted.metadata, options, nowMs),
  )
  const metadata = withIdentityMarks(fitted.metadata, schema, identities, written.rowCount)
  const touched = new Set(written.adds.map((file) => partitionKey(base, file)))
  const removed = [...base.files.values()].filter((file) => touched.has(partitionKey(base, file)))
  return {
    base,
    actions: [
      ...(metadata === base.metadata ? [] : [metadata]),
      ...removed.map((f) => removeOf(f, nowMs)),
      ...written.adds,
    ],
    written,
    operation: writeOperation(metadata, { mode: 'Overwrite', isDynamicPartitionOverwrite: 'true' }, written, removed),
    reads: { wholeTable: false, predicates: [(file) => touched.has(partitionKey(base, file))], files: keysOf(removed) },
    remakesMetadata: identities.length > 0,
    report: reportOf(written, removed.length, {}),
  }
}

/** Files that lie wholly in the predicate go; of the others that may hold such rows, the remaining rows are written again. */
async function replaceWhere(
  context: OperationContext,
  base: Snapshot,
  rows: Rows,
  options: OverwriteOptions,
  condition: Condition,
  nowMs: number,
): Promise<Intent> {
  const { session, location } = context
  const predicate = bindCondition(condition, base.schema)
  const fitted = await fitTarget(location.uri, base.metadata, base.schema, planOf(rows), options.mergeSchema === true)
  const { schema, identities } = fitted
  const candidates = candidateFiles(base, predicate)
  const wholeFiles = dataColumnsOf(base, predicate).length === 0
  const keepsChanges = !wholeFiles && candidates.length > 0 && writesChanges(base)
  // Rows that are written twice, once as changes, must be the same both times.
  const plan = keepsChanges
    ? scanOf(await session.materialise(fitted.plan, { name: 'replacing rows', ...runOptions(options) }))
    : fitted.plan
  const outside = await session.collect(
    { kind: 'limit', input: filterOf(plan, not(isTrue(predicate))), skip: 0, fetch: 1, schema: plan.schema },
    runOptions(options),
  )
  if (outside.rows.length > 0) throw outsideReplaceWhere(location.uri, formatExpression(predicate))
  const removed: readonly AddFile[] = candidates
  const ids = trackedFields(base)
  const stored: Schema = { fields: [...schema.fields, ...ids] }
  if (!wholeFiles && removed.length > 0) {
    checkWritable(location.uri, base.protocol, base.metadata, base.schema, 'rewrite')
  }
  const kept =
    wholeFiles || removed.length === 0
      ? []
      : [enforceSchema(location.uri, stored, remaining(base, removed, predicate), false).plan]
  const fresh = kept.length === 0 || ids.length === 0 ? plan : enforceSchema(location.uri, stored, plan, false).plan
  const written = await writeRows(
    { session, location, protocol: base.protocol, metadata: fitted.metadata, schema },
    unionOf([fresh, ...kept], fresh.schema),
    writeSettings(fitted.metadata, options, nowMs),
  )
  // More than were made, if rows were kept: marks only have to pass every value.
  const metadata = withIdentityMarks(fitted.metadata, schema, identities, written.rowCount)
  const reads: ReadSet = { wholeTable: false, predicates: [fileMatcher(base, predicate)], files: keysOf(removed) }
  const gone = filterOf(scanOf(new DeltaTableProvider(base, { files: removed })), isTrue(predicate))
  const goneAsNow = keepsChanges ? enforceSchema(location.uri, schema, gone, false).plan : gone
  const changes = await discardOnFailure(location, written, () =>
    writeChanges(
      { session, location, protocol: base.protocol, metadata: fitted.metadata, schema },
      keepsChanges ? [changesAs(goneAsNow, 'delete'), changesAs(plan, 'insert')] : [],
      writeSettings(metadata, options, nowMs),
    ),
  )
  return {
    base,
    actions: [
      ...(metadata === base.metadata ? [] : [metadata]),
      ...removed.map((f) => removeOf(f, nowMs)),
      ...written.adds,
      ...changes.actions,
    ],
    written: { ...written, otherPaths: changes.paths },
    operation: writeOperation(
      metadata,
      { mode: 'Overwrite', predicate: predicateParameter(predicate) },
      written,
      removed,
    ),
    reads,
    rewritesRows: kept.length > 0,
    preservesRowIds: kept.length === 0 || ids.length > 0,
    remakesMetadata: identities.length > 0,
    report: reportOf(written, removed.length, {}),
  }
}

const remaining = (base: Snapshot, files: readonly AddFile[], predicate: BoundExpression) =>
  filterOf(scanTracked(withTrackedColumns(base), files), not(isTrue(predicate)))

const writeSettings = (metadata: Metadata, options: OverwriteOptions, nowMs: number) => ({
  targetFileBytes: fileBytesOf(metadata, options),
  nowMs,
  ...runOptions(options),
})

const writeOperation = (
  metadata: Metadata,
  parameters: Readonly<Record<string, string>>,
  written: { readonly adds: readonly AddFile[]; readonly rowCount: number; readonly sizeBytes: number },
  removed: readonly AddFile[],
) => ({
  name: 'WRITE',
  parameters: { ...parameters, partitionBy: JSON.stringify(metadata.partitionColumns) },
  metrics: {
    numFiles: written.adds.length,
    numOutputRows: written.rowCount,
    numOutputBytes: written.sizeBytes,
    numRemovedFiles: removed.length,
    numRemovedBytes: removed.reduce((sum, file) => sum + file.sizeBytes, 0),
  },
})
