import { randomUUID } from 'node:crypto'
import { columnsOf, type BoundExpression } from '@deltaworks/expression'
import {
  checkWritable,
  readNothing,
  removeOf,
  requireAllowed,
  targetFileBytes,
  type AddFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import { fieldIndex, columnNotFound, isNested } from '@deltaworks/schema'
import { columnByPath } from '../column-by-path.js'
import { predicateParameter } from '../condition-text.js'
import { DeltaTableProvider, keysOf } from '../delta-table-provider.js'
import { clusteringColumns } from '../clustering.js'
import { badAlteration, notOrderable, notPartitionPredicate } from '../errors.js'
import {
  reportOf,
  runOperation,
  targetOf,
  type Intent,
  type OperationContext,
  type OperationResult,
} from '../operation-context.js'
import { bindCondition, candidateFiles, dataColumnsOf, type Condition } from '../predicates.js'
import { runOptions } from '../run-options.js'
import { scanTracked, trackedFields, withTrackedColumns } from '../tracked-rows.js'
import type { WriteOptions } from '../write/write-options.js'
import { nothing, writeRows, type WrittenRows } from '../write/write-rows.js'
import { clusteringProvider, filesToCluster } from './clustering-bins.js'
import { curvePlan, type Curve } from './curve-plan.js'
import { filesWithDroppedColumns } from './dropped-columns.js'
import { planBins, type Bin } from './optimize-bins.js'
import { pathOf } from './alter/schema-path.js'

export interface OptimizeOptions extends WriteOptions {
  /** Over partition columns: which partitions. */
  readonly where?: Condition
  /** Puts the rows in the order of a Z-order curve over these columns, instead of only packing small files. */
  readonly zorderBy?: readonly string[]
  /** OPTIMIZE FULL of a clustered table: files that are clustered already, too. Default false. */
  readonly full?: boolean
  /** Bytes of a data file to aim at; default the table's `delta.targetFileSize`, else 1 GiB (256 MiB for z-order). */
  readonly targetFileBytes?: number
  /** Shows in the report what would be done, and does nothing. */
  readonly dryRun?: boolean
  /** Bytes of files that are written again in this commit, at most (but one bin at least): what is left waits for the next. */
  readonly maxBytes?: number
}

/** What only auto compaction says. */
export interface SelectedFiles {
  /** Which files may be written again; default all. */
  readonly only?: (file: AddFile) => boolean
  readonly auto?: boolean
}

const gib = 1024 ** 3

/**
 * Packs small files into large ones, partition by partition, and files with deletion vectors into files without. Files of a
 * clustered table that are not clustered yet are, along a Hilbert curve. The rows stay as they are (dataChange = false). A second run
 * finds nothing to do.
 */
export function optimizeTable(
  context: OperationContext,
  snapshot: Snapshot,
  options: OptimizeOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, (base, nowMs) => optimizeIntent(context, base, options, nowMs))
}

export type PurgeOptions = Pick<OptimizeOptions, 'where' | 'targetFileBytes' | 'dryRun'> & WriteOptions

/**
 * REORG TABLE … APPLY (PURGE): files with deletion vectors, or with columns that were dropped, are written again without these rows
 * and columns; the others stay.
 * Old versions keep the old files until VACUUM.
 */
export function purgeTable(
  context: OperationContext,
  snapshot: Snapshot,
  options: PurgeOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, (base, nowMs) =>
    optimizeIntent(context, base, options, nowMs, 'REORG'),
  )
}

/** What OPTIMIZE has to do. */
export interface OptimizePlan {
  readonly bins: readonly Bin[]
  readonly targetBytes: number
  /** Columns (dotted paths) along whose curve the rows of a bin are put in order; empty: their order stays. */
  readonly orderBy: readonly string[]
  readonly curve: Curve
  readonly predicate: BoundExpression | null
}

/** @throws DeltaTableError DW-TABLE-0008, 0013 */
export function planOptimize(
  table: string,
  base: Snapshot,
  options: OptimizeOptions & SelectedFiles,
  command: 'OPTIMIZE' | 'REORG' = 'OPTIMIZE',
  withDropped: ReadonlySet<AddFile> = new Set(),
): OptimizePlan {
  const predicate = partitionPredicate(table, base, options)
  const clustered = command === 'OPTIMIZE' ? (clusteringColumns(base) ?? []) : []
  if (clustered.length > 0 && (options.zorderBy ?? []).length > 0) {
    throw notOrderable(table, options.zorderBy!.join(', '), `it is clustered by ${clustered.join(', ')}`)
  }
  if (clustered.length === 0 && options.full === true) {
    throw badAlteration(table, 'OPTIMIZE FULL', 'the table has no clustering columns')
  }
  const orderBy = clustered.length > 0 ? clustered : zOrderColumns(table, base, options.zorderBy ?? [])
  const configured = options.targetFileBytes ?? targetFileBytes(base.metadata.configuration)
  const targetBytes = configured ?? (orderBy.length > 0 ? gib / 4 : gib)
  const { only = () => true } = options
  const candidates = candidateFiles(base, predicate).filter(only)
  const isStale = (file: AddFile): boolean => file.deletionVector !== null || withDropped.has(file)
  const chosen = command === 'REORG' ? candidates.filter(isStale) : candidates
  if (clustered.length > 0) {
    const files = filesToCluster(chosen, clustered, options.full === true)
    return { bins: files.length === 0 ? [] : [files], targetBytes, orderBy, curve: 'hilbert', predicate }
  }
  const binned = planBins(base, chosen, targetBytes, orderBy, command === 'REORG')
  const bins = withinBytes(binned, options.maxBytes ?? Infinity)
  return { bins, targetBytes, orderBy, curve: 'zorder', predicate }
}

function withinBytes(bins: readonly Bin[], maxBytes: number): readonly Bin[] {
  let bytes = 0
  const over = bins.findIndex((bin) => (bytes += bin.reduce((sum, file) => sum + file.sizeBytes, 0)) > maxBytes)
  return over < 0 ? bins : bins.slice(0, Math.max(1, over))
}

export async function optimizeIntent(
  context: OperationContext,
  base: Snapshot,
  options: OptimizeOptions & SelectedFiles,
  nowMs: number,
  command: 'OPTIMIZE' | 'REORG' = 'OPTIMIZE',
): Promise<Intent | null> {
  const { location } = context
  if (options.dryRun !== true) requireAllowed(base, 'OPTIMIZE')
  checkWritable(location.uri, base.protocol, base.metadata, base.schema, 'write')
  const dropped =
    command === 'REORG' ? await filesWithDroppedColumns(context, base, [...base.files.values()]) : undefined
  const plan = planOptimize(location.uri, base, options, command, dropped)
  const { bins, targetBytes: target, orderBy } = plan
  if (bins.length === 0 || options.dryRun === true) return null
  const order = orderBy.length === 0 ? {} : orderMarks(orderBy, plan.curve)
  const written: WrittenRows[] = []
  for (const files of bins) {
    const keys = orderBy.map((column) => columnByPath(base.schema, pathOf(column)))
    const rows =
      keys.length === 0
        ? scanTracked(withTrackedColumns(base), files)
        : await curvePlan(
            context.session,
            new DeltaTableProvider(base, { files }),
            keys,
            plan.curve,
            runOptions(options),
          )
    written.push(
      await writeRows(targetOf(context, base), rows, {
        targetFileBytes: target,
        nowMs,
        dataChange: false,
        ...order,
        ...runOptions(options),
      }),
    )
  }
  return intentOf(base, plan, merged(written), nowMs, command, options.auto === true)
}

function intentOf(
  base: Snapshot,
  { bins, predicate, orderBy, curve }: OptimizePlan,
  all: WrittenRows,
  nowMs: number,
  command: 'OPTIMIZE' | 'REORG',
  isAuto: boolean,
): Intent {
  const removed = bins.flat()
  const bytes = (files: readonly AddFile[]): number => files.reduce((sum, file) => sum + file.sizeBytes, 0)
  const sizes = all.adds.map((file) => file.sizeBytes).sort((a, b) => a - b)
  const metrics = {
    numRemovedFiles: removed.length,
    numAddedFiles: all.adds.length,
    numRemovedBytes: bytes(removed),
    numAddedBytes: bytes(all.adds),
    minFileSize: sizes[0] ?? 0,
    p50FileSize: sizes[Math.floor(sizes.length / 2)] ?? 0,
    maxFileSize: sizes.at(-1) ?? 0,
  }
  return {
    base,
    actions: [...removed.map((file) => removeOf(file, nowMs, false)), ...all.adds],
    written: all,
    operation: {
      name: command,
      parameters: {
        predicate: predicateParameter(predicate),
        ...(command === 'REORG'
          ? { applyPurge: 'true' }
          : {
              zOrderBy: JSON.stringify(curve === 'zorder' ? orderBy : []),
              ...(curve === 'hilbert' && { clusterBy: JSON.stringify(orderBy) }),
              auto: String(isAuto),
            }),
      },
      metrics,
    },
    reads: { ...readNothing, files: keysOf(removed) },
    isolation: 'SnapshotIsolation',
    preservesRowIds: trackedFields(base).length > 0,
    report: reportOf(all, removed.length, metrics),
  }
}

const merged = (parts: readonly WrittenRows[]): WrittenRows =>
  parts.length === 0
    ? nothing
    : {
        adds: parts.flatMap((part) => part.adds),
        rowCount: parts.reduce((sum, part) => sum + part.rowCount, 0),
        sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
        otherPaths: parts.flatMap((part) => part.otherPaths),
      }

function partitionPredicate(table: string, base: Snapshot, options: OptimizeOptions): BoundExpression | null {
  if (options.where === undefined) return null
  const predicate = bindCondition(options.where, base.schema)
  const others = dataColumnsOf(base, predicate)
  if (others.length > 0 || columnsOf(predicate).length === 0) {
    throw notPartitionPredicate(table, 'OPTIMIZE', others.length > 0 ? others : ['no column'])
  }
  return predicate
}

/** What files say of the order that their rows are in. */
const orderMarks = (columns: readonly string[], curve: Curve) => ({
  tags: { ZCUBE_ID: randomUUID(), ZCUBE_ZORDER_BY: JSON.stringify(columns), ZCUBE_ZORDER_CURVE: curve },
  ...(curve === 'hilbert' && { clusteringProvider }),
})

function zOrderColumns(table: string, snapshot: Snapshot, names: readonly string[]): readonly string[] {
  return names.map((name) => {
    const index = fieldIndex(snapshot.schema, name)
    if (index < 0) {
      throw columnNotFound(
        name,
        snapshot.schema.fields.map((f) => f.name),
      )
    }
    const field = snapshot.schema.fields[index]!
    if (snapshot.partitionColumns.includes(field.name)) {
      throw notOrderable(table, field.name, 'it is a partition column, so it has one value in each file')
    }
    if (isNested(field.type) || field.type.kind === 'variant' || field.type.kind === 'binary') {
      throw notOrderable(table, field.name, `values of type ${field.type.kind} have no order`)
    }
    return field.name
  })
}
