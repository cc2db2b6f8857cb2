import { explainAnalysis, type QueryMetrics } from '@deltaworks/engine'
import type { RunResult } from '@deltaworks/lakehouse'
import {
  formatBytes,
  QueryRecorder,
  renderSummary,
  runReport,
  secretMask,
  type ReportFact,
  type ReportQuery,
  type RunReport,
} from '@deltaworks/telemetry'
import { writeReport } from './write-report.js'

interface ReportOptions {
  readonly env: string
  readonly json: boolean
  readonly quiet: boolean
  readonly report: string | undefined
}

/** A run's result as the report that people and later runs read. */
export function reportOf(result: RunResult, environment: string): RunReport {
  const counts = new Map<string, { table: string; rule: string; reason: string; rows: number }>()
  for (const step of result.steps) {
    if (step.kind === 'ingest' && step.rowsQuarantined > 0) {
      counts.set(step.table, {
        table: step.table,
        rule: 'well_formed',
        reason: 'the row is malformed',
        rows: step.rowsQuarantined,
      })
    }
  }
  for (const rule of result.quality) {
    if (rule.rowsFailed !== null && rule.rowsFailed > 0) {
      const { table, rule: id, message, rowsFailed, action } = rule
      if (action !== 'none') counts.set(`${table}:${id}`, { table, rule: id, reason: message, rows: rowsFailed })
    }
  }
  return runReport({
    ...result,
    command: 'run',
    environment,
    quarantine: [...counts.values()],
    facts: factsOf(result),
    warnings: result.profiles.flatMap(({ table, drift }) =>
      drift.map(({ column, message }) => `${column === null ? table : `${table}.${column}`}: ${message}`),
    ),
    places: [
      { label: 'Lake', location: result.root },
      { label: 'Landing', location: result.landing },
    ],
  })
}

/** What the run took of the machine, and what it had of what it kept in memory. */
function factsOf({ usage, reuse }: RunResult): readonly ReportFact[] {
  const reads = reuse.hits + reuse.misses
  return [
    ...(usage.memoryBytes === 0
      ? []
      : [{ label: 'Memory of operators, at most', value: formatBytes(usage.memoryBytes) }]),
    ...(usage.spilledBytes === 0
      ? []
      : [
          {
            label: 'Spilled to disk',
            value: `${formatBytes(usage.spilledBytes)}, at most ${formatBytes(usage.temporaryBytes)} at a time`,
          },
        ]),
    ...(reads === 0
      ? []
      : [
          {
            label: 'Tables read from memory',
            value:
              `${reuse.hits} of ${reads} reads (${Math.round((reuse.hits / reads) * 100)} %), at most ` +
              `${formatBytes(reuse.peakBytes)} of ${formatBytes(reuse.limitBytes)} kept` +
              (reuse.dropped === 0 ? '' : `, ${reuse.dropped} let go for want of room`),
          },
        ]),
  ]
}

/** Records the queries of a run for its report. The caller closes it. */
export const recordQueries = (): QueryRecorder =>
  // What the engine publishes is more than what telemetry looks at.
  new QueryRecorder((metrics) => explainAnalysis(metrics as QueryMetrics))

/** Prints the summary (or the report as JSON), and writes the report's files if asked. */
export async function report(
  result: RunResult,
  options: ReportOptions,
  queries: readonly ReportQuery[] = [],
): Promise<void> {
  const full = secretMask.maskData({ ...reportOf(result, options.env), queries })
  if (options.report !== undefined) await writeReport(full, options.report)
  if (options.json) process.stdout.write(`${JSON.stringify(full)}\n`)
  else if (!options.quiet) {
    const { isTTY, columns } = process.stdout
    process.stdout.write(renderSummary(full, { colour: isTTY === true, width: columns ?? 100 }))
  }
}
