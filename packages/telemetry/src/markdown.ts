import { formatBytes, formatCount, formatDuration, formatInstant, formatShare } from './figures.js'
import { outcomes, totalsOf, workByTable } from './outcome.js'
import type { RunReport } from './run-report.js'

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s+/g, ' ')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((title, i) => (i === 0 ? '---' : title === '' ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.map(cell).join(' | ')} |`)
    .join('\n')

/** The run as Markdown, for a chat message or a pull request. */
export function renderMarkdown(report: RunReport): string {
  const { label } = outcomes[report.status]
  const totals = totalsOf(report)
  const blocks = [
    `# ${report.lakehouse}: ${report.command} ${label.toLowerCase()} in ${formatDuration(report.durationMs)}`,
    `Run \`${report.runId}\`${report.environment === '' ? '' : ` (${report.environment})`}, started ${formatInstant(report.startedMs)}.`,
  ]
  if (report.warnings.length > 0) blocks.push(report.warnings.map((text) => `- **Note:** ${text}`).join('\n'))
  const work = workByTable(report.steps).filter((entry) => entry.layer !== 'quality')
  if (work.length > 0) {
    const rows = work.map((entry) => [
      entry.table,
      formatCount(entry.rowsIn),
      entry.status === 'unchanged' ? 'unchanged' : formatCount(entry.rowsOut),
      formatCount(entry.rowsQuarantined),
      formatBytes(entry.bytes),
      formatDuration(entry.durationMs),
    ])
    blocks.push('## Tables', table(['table', 'rows in', 'rows out', 'quarantined', 'size', 'time'], rows))
  }
  if (report.metrics.length > 0) {
    const rows = report.metrics.map(({ name, value, unit, problem }) => [
      name,
      value === null ? (problem ?? 'none') : value.toLocaleString('en-US', { maximumFractionDigits: 4 }),
      unit === '1' ? '' : unit,
    ])
    blocks.push('## Business figures', table(['figure', 'value', 'unit'], rows))
  }
  if (report.quality.length > 0) {
    const rows = report.quality.map((rule) => [
      rule.table,
      rule.description,
      rule.level,
      rule.status,
      rule.metric === null
        ? ''
        : rule.metric >= 0 && rule.metric <= 1
          ? formatShare(rule.metric)
          : formatCount(rule.metric),
      rule.rowsFailed === null ? '' : formatCount(rule.rowsFailed),
    ])
    blocks.push(
      `## Quality: ${totals.rulesPassed} of ${report.quality.length} rules passed`,
      table(['table', 'rule', 'level', 'status', 'metric', 'rows failing'], rows),
    )
  }
  if (report.quarantine.length > 0) {
    const rows = report.quarantine.map((entry) => [entry.table, entry.rule, entry.reason, formatCount(entry.rows)])
    blocks.push(
      `## Quarantine: ${formatCount(totals.rowsQuarantined)} rows`,
      table(['table', 'rule', 'reason', 'rows'], rows),
    )
  }
  if (report.exports.length > 0) {
    const rows = report.exports.map((entry) => [
      entry.table,
      entry.status,
      formatCount(entry.rows),
      entry.reconciled === null ? '' : entry.reconciled ? 'equal' : 'differs',
    ])
    blocks.push(`## Warehouse: ${report.exports[0]!.target}`, table(['table', 'status', 'rows', 'reconciled'], rows))
  }
  if (report.places.length > 0) {
    blocks.push(
      '## Where things are',
      report.places.map(({ label, location }) => `- ${label}: \`${location}\``).join('\n'),
    )
  }
  return `${blocks.join('\n\n')}\n`
}
