import { checkWritable, readNothing, type Action, type Snapshot } from '@deltaworks/delta-log'
import {
  fileBytesOf,
  reportOf,
  runOperation,
  type Intent,
  type OperationContext,
  type OperationResult,
} from '../operation-context.js'
import { planOf, type Rows } from '../table-session.js'
import { fitTarget, withIdentityMarks } from '../write/fit-target.js'
import { applicationVersions, type AppendOptions } from '../write/write-options.js'
import { writeRows } from '../write/write-rows.js'

/** Adds rows. A blind append: it conflicts with nothing but a change of the table itself. */
export function appendRows(
  context: OperationContext,
  snapshot: Snapshot,
  rows: Rows,
  options: AppendOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, async (base, nowMs) => {
    if (options.skipIfCommitted === true && isCommitted(base, options)) return null
    checkWritable(context.location.uri, base.protocol, base.metadata, base.schema, 'write')
    return appendIntent(context, base, rows, options, nowMs)
  })
}

async function appendIntent(
  context: OperationContext,
  base: Snapshot,
  rows: Rows,
  options: AppendOptions,
  nowMs: number,
): Promise<Intent> {
  const { session, location } = context
  const fitted = await fitTarget(location.uri, base.metadata, base.schema, planOf(rows), options.mergeSchema === true)
  const { plan, schema, identities } = fitted
  const written = await writeRows(
    { session, location, protocol: base.protocol, metadata: fitted.metadata, schema },
    plan,
    {
      targetFileBytes: fileBytesOf(fitted.metadata, options),
      nowMs,
      ...(options.signal !== undefined && { signal: options.signal }),
    },
  )
  const metrics = { numFiles: written.adds.length, numOutputRows: written.rowCount, numOutputBytes: written.sizeBytes }
  const metadata = withIdentityMarks(fitted.metadata, schema, identities, written.rowCount)
  const actions: readonly Action[] = [...(metadata === base.metadata ? [] : [metadata]), ...written.adds]
  return {
    base,
    actions,
    written,
    operation: {
      name: 'WRITE',
      parameters: { mode: 'Append', partitionBy: JSON.stringify(metadata.partitionColumns) },
      metrics,
    },
    reads: readNothing,
    remakesMetadata: identities.length > 0,
    report: reportOf(written, 0, metrics),
  }
}

/** Whether every application transaction of the write is in the table, with its version or a later one. */
export function isCommitted(snapshot: Snapshot, options: AppendOptions): boolean {
  const transactions = applicationVersions(options)
  return (
    transactions.length > 0 &&
    transactions.every(({ appId, version }) => (snapshot.appTransactions.get(appId)?.version ?? -1) >= version)
  )
}
