export { TelemetryError } from './errors.js'
export { formatBytes, formatCount, formatDuration, formatInstant, formatShare } from './figures.js'
export { readHistory } from './history.js'
export { renderHtml } from './html/page.js'
export { renderMarkdown } from './markdown.js'
export { outcomes, totalsOf, workByTable } from './outcome.js'
export type { TableWork, Tone, Totals } from './outcome.js'
export { showProgress } from './progress.js'
export type { Progress, ProgressStream } from './progress.js'
export { parseReport, renderJson, runReport } from './run-report.js'
export type {
  ReportColumnProfile,
  ReportHistogram,
  ReportExport,
  ReportFact,
  ReportFile,
  ReportPlace,
  ReportProfile,
  ReportMetric,
  ReportQuality,
  ReportQuarantine,
  ReportQuery,
  ReportStage,
  ReportStep,
  ReportTable,
  RunReport,
  RunStatus,
} from './run-report.js'
export { QueryRecorder } from './queries/query-recorder.js'
export { renderSummary } from './summary.js'
export type { SummaryOptions } from './summary.js'
export { maskPersons, SecretMask, secretMask } from './secrets/secret-mask.js'
