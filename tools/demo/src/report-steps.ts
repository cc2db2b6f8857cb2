import type { MaintenanceResult } from '@deltaworks/lakehouse'
import type { ReportStep } from '@deltaworks/telemetry'
import type { ExportResult } from '@deltaworks/warehouse'

const step = (
  facts: Pick<ReportStep, 'step' | 'kind' | 'table' | 'layer' | 'status' | 'startMs' | 'endMs'> & Partial<ReportStep>,
): ReportStep => ({
  rowsIn: 0,
  rowsOut: 0,
  rowsQuarantined: 0,
  filesWritten: 0,
  bytesWritten: 0,
  version: null,
  note: null,
  ...facts,
})

/** Maintenance, one step a table that it changed, one after the other from `startMs`. */
export function maintenanceSteps(results: readonly MaintenanceResult[], startMs: number): ReportStep[] {
  let at = startMs
  return results.flatMap((result) => {
    const began = at
    at += result.durationMs
    if (result.status !== 'done') return []
    return [
      step({
        step: `${result.operation} ${result.table}`,
        kind: 'maintenance',
        table: result.table,
        layer: 'maintenance',
        status: 'written',
        startMs: began,
        endMs: at,
        version: result.version,
        note: `${result.filesBefore} files before, ${result.filesAfter} after`,
      }),
    ]
  })
}

/** The export, one step a table, one after the other from `startMs`. */
export function exportSteps(result: ExportResult, startMs: number): ReportStep[] {
  let at = startMs
  return result.tables.map((table) => {
    const began = at
    at += table.durationMs
    return step({
      step: `export ${table.table}`,
      kind: 'export',
      table: table.table,
      layer: 'warehouse',
      status: table.status === 'loaded' ? 'written' : 'unchanged',
      startMs: began,
      endMs: at,
      rowsOut: table.rowCount,
    })
  })
}
