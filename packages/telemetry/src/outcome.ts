import type { ReportQuality, ReportStep, RunReport, RunStatus } from './run-report.js'

/** How people call a run's status, and how good it is. */
export const outcomes: Readonly<Record<RunStatus, { readonly label: string; readonly tone: Tone }>> = {
  succeeded: { label: 'Succeeded', tone: 'good' },
  warnings: { label: 'Succeeded with warnings', tone: 'warning' },
  unchanged: { label: 'Nothing new', tone: 'neutral' },
  quality_failed: { label: 'Stopped by quality', tone: 'bad' },
  failed: { label: 'Failed', tone: 'bad' },
}
export type Tone = 'good' | 'warning' | 'bad' | 'neutral'

export const toneOfRule = ({ status, level }: ReportQuality): Tone =>
  status === 'passed' ? 'good' : level === 'critical' ? 'bad' : 'warning'

export interface Totals {
  readonly rowsIngested: number
  readonly rowsOut: number
  readonly rowsQuarantined: number
  readonly tablesWritten: number
  readonly filesWritten: number
  readonly bytesWritten: number
  readonly rulesPassed: number
}

export function totalsOf({ steps, quality, quarantine }: RunReport): Totals {
  const sum = (of: readonly ReportStep[], value: (step: ReportStep) => number) =>
    of.reduce((n, step) => n + value(step), 0)
  const written = steps.filter(
    (step) => step.status === 'written' && step.kind !== 'quarantine' && step.kind !== 'export',
  )
  const quarantined = sum(steps, (step) => step.rowsQuarantined)
  return {
    rowsIngested: sum(
      steps.filter((step) => step.kind === 'ingest'),
      (step) => step.rowsIn,
    ),
    rowsOut: sum(written, (step) => step.rowsOut),
    rowsQuarantined: quarantined > 0 ? quarantined : quarantine.reduce((n, entry) => n + entry.rows, 0),
    tablesWritten: new Set(written.map((step) => step.table)).size,
    filesWritten: sum(steps, (step) => step.filesWritten),
    bytesWritten: sum(steps, (step) => step.bytesWritten),
    rulesPassed: quality.filter((rule) => rule.status === 'passed').length,
  }
}

/**
 * What all steps of one table in the lake did together, tables in the order in which they were first touched. Exports have a
 * section of their own; maintenance of a table that the run made is in the timeline only.
 */
export interface TableWork {
  readonly table: string
  readonly layer: string
  readonly rowsIn: number
  readonly rowsOut: number
  readonly rowsQuarantined: number
  readonly files: number
  readonly bytes: number
  readonly durationMs: number
  readonly status: string
  readonly version: number | null
}

export function workByTable(steps: readonly ReportStep[]): readonly TableWork[] {
  const work = new Map<string, TableWork>()
  for (const step of steps) {
    if (step.kind === 'export') continue
    const before = work.get(step.table)
    if (step.kind === 'maintenance' && before !== undefined) continue
    const moves = step.kind !== 'quality' && step.kind !== 'quarantine'
    work.set(step.table, {
      table: step.table,
      layer: moves || before === undefined ? step.layer : before.layer,
      rowsIn: (before?.rowsIn ?? 0) + (moves ? step.rowsIn : 0),
      rowsOut: (before?.rowsOut ?? 0) + (moves ? step.rowsOut : 0),
      rowsQuarantined: (before?.rowsQuarantined ?? 0) + step.rowsQuarantined,
      files: (before?.files ?? 0) + step.filesWritten,
      bytes: (before?.bytes ?? 0) + step.bytesWritten,
      durationMs: (before?.durationMs ?? 0) + (step.endMs - step.startMs),
      status: moves || before === undefined ? step.status : before.status,
      version: step.version ?? before?.version ?? null,
    })
  }
  return [...work.values()]
}

export const layersOf = (items: readonly { readonly layer: string }[]): readonly string[] => [
  ...new Set(items.map((item) => item.layer)),
]
