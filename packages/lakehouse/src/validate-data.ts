import type { Session } from '@deltaworks/engine'
import type { Rule } from '@deltaworks/quality'
import type { QualityReport } from '@deltaworks/quality/validation'
import type { LakehouseDefinition } from './lakehouse-definition.js'

export interface ValidateDataOptions {
  readonly lakehouse: LakehouseDefinition
  readonly configuration: unknown
  readonly session: Session
  /** URI of the lake. */
  readonly root: string
  readonly nowMicros: bigint
  /** Default: all tables that have rules and were built. */
  readonly tables?: readonly string[]
  /** Of each table; default its latest. */
  readonly version?: number
  /** More rules, by table: from DQDL files, say. */
  readonly rules?: ReadonlyMap<string, readonly Rule[]>
  /** Keeps the metrics in the lake, for trends and rules that look back; default true. */
  readonly keepMetrics?: boolean
  /** So many failing rows a rule; default 5. */
  readonly sampleRows?: number
  readonly signal?: AbortSignal
}

/**
 * Evaluates the rules of a lakehouse on its tables as they are. Writes nothing but metrics. Loaded when it is called: a run needs
 * none of it.
 * @throws LakehouseError DW-LAKEHOUSE-0007 for a table that was asked for and is not there
 */
export async function validateData(options: ValidateDataOptions): Promise<QualityReport> {
  const { validateTables } = await import('./validate-tables.js')
  return validateTables(options)
}
