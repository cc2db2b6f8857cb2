import {
  checkWritable,
  readEverything,
  removeOf,
  withFeatures,
  withoutFeature,
  writerFeaturesOf,
  type Action,
  type Metadata,
  type Snapshot,
} from '@deltaworks/delta-log'
import { clusteringDomain } from '../clustering.js'
import {
  fileBytesOf,
  reportOf,
  runOperation,
  type OperationContext,
  type OperationResult,
} from '../operation-context.js'
import { runOptions } from '../run-options.js'
import { planOf, type Rows } from '../table-session.js'
import { fitTarget, withIdentityMarks } from '../write/fit-target.js'
import { plainField } from '../write/schema-enforcement.js'
import { tableRules } from '../write/table-rules.js'
import { nothing, writeRows } from '../write/write-rows.js'
import { defineNewTable, type CreateOptions } from './create.js'

const maxIdKey = 'delta.columnMapping.maxColumnId'

/**
 * REPLACE TABLE: the table gets another definition and other rows (or none) in one commit; its id and history stay.
 * @throws DeltaTableError DW-TABLE-0005, 0020; DeltaError DW-DELTA-0019
 */
export function replaceTable(
  context: OperationContext,
  snapshot: Snapshot,
  rows: Rows | null,
  options: CreateOptions,
): Promise<OperationResult | null> {
  const { session, location } = context
  return runOperation(context, snapshot, options, async (base, nowMs) => {
    checkWritable(location.uri, base.protocol, base.metadata, base.schema, 'write')
    const plan = rows === null ? null : planOf(rows)
    const schema = options.schema ?? { fields: (plan?.schema ?? base.schema).fields.map(plainField) }
    const fresh = defineNewTable(
      location.uri,
      schema,
      options,
      nowMs,
      Number(base.metadata.configuration[maxIdKey] ?? 0),
    )
    await tableRules(location.uri, fresh.metadata, fresh.schema)
    const defined: Metadata = { ...fresh.metadata, id: base.metadata.id, createdTimeMs: base.metadata.createdTimeMs }
    const wasClustered = base.domains.get(clusteringDomain)
    const isClustered = fresh.domains.length > 0
    const kept =
      writerFeaturesOf(base.protocol).includes('clustering') && defined.partitionColumns.length > 0
        ? withoutFeature(base.protocol, 'clustering')
        : base.protocol
    const protocol = withFeatures(kept, writerFeaturesOf(fresh.protocol))
    const target = { session, location, protocol, metadata: defined, schema: fresh.schema }
    const fitted = plan === null ? null : await fitTarget(location.uri, defined, fresh.schema, plan, false)
    const written =
      fitted === null
        ? nothing
        : await writeRows(target, fitted.plan, {
            targetFileBytes: fileBytesOf(defined, options),
            nowMs,
            ...runOptions(options),
          })
    const metadata = withIdentityMarks(defined, fresh.schema, fitted?.identities ?? [], written.rowCount)
    const removed = [...base.files.values()]
    const actions: readonly Action[] = [
      ...(protocol === base.protocol ? [] : [protocol]),
      metadata,
      ...fresh.domains,
      ...(wasClustered !== undefined && !isClustered ? [{ ...wasClustered, removed: true }] : []),
      ...removed.map((file) => removeOf(file, nowMs)),
      ...written.adds,
    ]
    const metrics = {
      numFiles: written.adds.length,
      numOutputRows: written.rowCount,
      numOutputBytes: written.sizeBytes,
    }
    return {
      base,
      actions,
      written,
      operation: {
        name: plan === null ? 'REPLACE TABLE' : 'REPLACE TABLE AS SELECT',
        parameters: {
          isManaged: 'false',
          partitionBy: JSON.stringify(metadata.partitionColumns),
          properties: JSON.stringify(metadata.configuration),
        },
        metrics,
      },
      reads: readEverything,
      report: reportOf(written, removed.length, metrics),
    }
  })
}
