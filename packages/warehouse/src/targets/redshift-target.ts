import { redshiftDialect } from '../dialects/redshift-dialect.js'
import type { SqlConnection } from '../sql-connection.js'
import { SqlTarget } from '../sql-target.js'
import { StageArea, type StageAreaOptions } from '../stage-area.js'
import { RedshiftDataConnection, reasonOf } from './redshift-connection.js'
import { checkRedshiftCopy, hasVariant, redshiftCopier, type RedshiftCopyOptions } from './redshift-copy.js'
import type { RedshiftConnectionOptions } from './redshift-options.js'
import { redshiftUnloader } from './redshift-unload.js'

export interface RedshiftOptions extends RedshiftConnectionOptions {
  readonly schemaName?: string
  /** The folder in S3 that rows are staged in. */
  readonly stage: StageAreaOptions
  readonly copy: RedshiftCopyOptions
}

/** @throws WarehouseError DW-WAREHOUSE-0016 for options that do not go together; nothing is reached yet */
export const redshiftTarget = ({ schemaName, stage, copy, ...connection }: RedshiftOptions): SqlTarget =>
  redshiftTargetOver(new RedshiftDataConnection(connection), { schemaName: schemaName ?? null, stage, copy })

/**
 * Redshift over any connection with it. One transaction holds everything, DDL too. The control table's lock lets exports load
 * one after the other.
 */
export function redshiftTargetOver(
  connection: SqlConnection,
  {
    schemaName,
    stage,
    copy,
  }: { readonly schemaName: string | null; readonly stage: StageAreaOptions; readonly copy: RedshiftCopyOptions },
): SqlTarget {
  checkRedshiftCopy(copy)
  const area = new StageArea(stage)
  return new SqlTarget({
    kind: 'redshift',
    connection,
    script: {
      dialect: redshiftDialect,
      copy: redshiftCopier(area.uri, copy),
      publication: 'swap',
      stagesAppends: hasVariant,
    },
    schemaName,
    begin: 'BEGIN',
    lock: ['LOCK {control}'],
    stage: area,
    unloader: redshiftUnloader(stage, copy.iamRole, connection.location),
    reasonOf,
  })
}
