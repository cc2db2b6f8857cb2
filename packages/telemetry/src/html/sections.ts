import { formatBytes, formatCount, formatDuration, formatShare, plural } from '../figures.js'
import { layersOf, toneOfRule, totalsOf, workByTable } from '../outcome.js'
import type { ReportQuality, RunReport } from '../run-report.js'
import { escape, groupedTable, pill, section, shareBar, table } from './markup.js'

const nothing = '<span class="faint">–</span>'
const orNothing = (text: string, when: boolean): string => (when ? text : nothing)

export function warnings({ warnings: texts }: RunReport): string {
  if (texts.length === 0) return ''
  const items = texts.map((text) => `<li>${escape(text)}</li>`).join('')
  return section('warnings', 'Worth knowing', '', `<ul class="notes">${items}</ul>`)
}

export function tables(report: RunReport): string {
  const work = workByTable(report.steps).filter((entry) => entry.layer !== 'quality')
  const state = new Map(report.tables.map((entry) => [entry.table, entry]))
  const names = new Set(work.map((entry) => entry.table))
  const untouched = report.tables
    .filter((entry) => !names.has(entry.table))
    .map(({ table: name, layer }) => ({
      table: name,
      layer,
      rowsIn: 0,
      rowsOut: 0,
      rowsQuarantined: 0,
      files: 0,
      bytes: 0,
      durationMs: 0,
      status: 'untouched',
      version: null,
    }))
  const entries = [...work, ...untouched]
  if (entries.length === 0) return ''
  const groups = layersOf(entries).map((layer) => {
    const rows = entries
      .filter((entry) => entry.layer === layer)
      .map((entry) => {
        const now = state.get(entry.table)
        const changed = entry.status === 'written'
        return [
          `<span class="name">${escape(entry.table)}</span>${now === undefined ? '' : `<small class="mono">${escape(now.path)}</small>`}`,
          orNothing(formatCount(entry.rowsIn), entry.rowsIn > 0),
          changed ? formatCount(entry.rowsOut) : pill(entry.status, entry.status === 'failed' ? 'bad' : 'neutral'),
          entry.rowsQuarantined > 0 ? pill(formatCount(entry.rowsQuarantined), 'warning') : nothing,
          orNothing(formatCount(now?.rowCount ?? 0), now?.rowCount !== undefined && now.rowCount !== null),
          orNothing(`v${now?.version ?? entry.version}`, now !== undefined || entry.version !== null),
          orNothing(`${formatCount(now?.files ?? 0)} · ${formatBytes(now?.sizeBytes ?? 0)}`, now !== undefined),
          orNothing(formatDuration(entry.durationMs), entry.durationMs > 0),
        ]
      })
    return { heading: layer, rows }
  })
  const columns = [
    { title: 'Table', wide: true },
    { title: 'Rows in', align: 'right' as const },
    { title: 'Rows written', align: 'right' as const },
    { title: 'Quarantined', align: 'right' as const },
    { title: 'Rows now', align: 'right' as const },
    { title: 'Version', align: 'right' as const },
    { title: 'Files', align: 'right' as const },
    { title: 'Time', align: 'right' as const },
  ]
  const { filesWritten, bytesWritten } = totalsOf(report)
  const note =
    filesWritten === 0 ? 'nothing was written' : `${plural(filesWritten, 'file')} written, ${formatBytes(bytesWritten)}`
  return section('tables', 'Tables', note, groupedTable(columns, groups))
}

const levelOrder = (rule: ReportQuality): number =>
  (rule.status === 'passed' ? 2 : 0) + (rule.level === 'critical' ? 0 : 1)

export function quality(report: RunReport): string {
  if (report.quality.length === 0) return ''
  const names = [...new Set(report.quality.map((rule) => rule.table))]
  const groups = names.map((name) => {
    const rules = report.quality.filter((rule) => rule.table === name).sort((a, b) => levelOrder(a) - levelOrder(b))
    const rows = rules.map((rule) => [
      pill(rule.status === 'passed' ? 'passed' : rule.status, toneOfRule(rule)),
      `${escape(rule.description)}<small>${escape(foundIn(rule))} <span class="faint mono">${escape(rule.rule)}</span></small>`,
      rule.level === 'critical' ? 'critical' : '<span class="soft">warning</span>',
      metricCell(rule),
      `<span class="soft mono">${escape(rule.threshold)}</span>`,
      rule.rowsFailed === null
        ? nothing
        : rule.rowsFailed === 0
          ? '<span class="faint">0</span>'
          : formatCount(rule.rowsFailed),
    ])
    return { heading: name, rows }
  })
  const columns = [
    { title: 'Verdict' },
    { title: 'Rule', wide: true },
    { title: 'Level' },
    { title: 'Metric' },
    { title: 'Wanted' },
    { title: 'Rows failing', align: 'right' as const },
  ]
  const { rulesPassed } = totalsOf(report)
  const note = `${rulesPassed} of ${plural(report.quality.length, 'rule')} passed: a score of ${formatShare(rulesPassed / report.quality.length)}`
  return section('quality', 'Quality', note, groupedTable(columns, groups))
}

/** The message without the description that is shown above it. */
const foundIn = ({ message, description }: ReportQuality): string => {
  const rest = message.startsWith(`${description}: `) ? message.slice(description.length + 2) : message
  return rest === description ? '' : rest
}

function metricCell(rule: ReportQuality): string {
  if (rule.metric === null) return nothing
  const threshold = /^([<>]=?) (0(?:\.\d+)?|1)$/.exec(rule.threshold)
  if (rule.metric < 0 || rule.metric > 1 || (threshold === null && !/^= [01]$/.test(rule.threshold))) {
    return `<span class="metric">${formatCount(Number(rule.metric.toFixed(2)))}</span>`
  }
  const mark = threshold === null ? null : Number(threshold[2])
  return `<span class="metric">${shareBar(rule.metric, toneOfRule(rule), mark)}${formatShare(rule.metric)}</span>`
}

export function quarantine(report: RunReport): string {
  if (report.quarantine.length === 0) return ''
  const most = Math.max(...report.quarantine.map((entry) => entry.rows))
  const rows = [...report.quarantine]
    .sort((a, b) => b.rows - a.rows)
    .map((entry) => [
      `<span class="name">${escape(entry.table)}</span>`,
      `${escape(entry.reason)}<small class="mono">${escape(entry.rule)}</small>`,
      `<span class="metric">${shareBar(entry.rows / most, 'warning', null)}</span>`,
      formatCount(entry.rows),
    ])
  const columns = [
    { title: 'Table' },
    { title: 'Why', wide: true },
    { title: '' },
    { title: 'Rows', align: 'right' as const },
  ]
  const note = `${plural(totalsOf(report).rowsQuarantined, 'row')} in quarantine, none lost`
  return section('quarantine', 'Quarantine', note, table(columns, rows))
}

export function files(report: RunReport): string {
  if (report.files.length === 0) return ''
  const rows = report.files.map((file) => [
    `<code>${escape(file.path)}</code>`,
    escape(file.table),
    pill(file.state, file.state === 'known' ? 'neutral' : 'good'),
    formatBytes(file.sizeBytes),
    `<code class="faint" title="${escape(file.sha256)}">${escape(file.sha256.slice(0, 12))}</code>`,
  ])
  const columns = [
    { title: 'File', wide: true },
    { title: 'Table' },
    { title: 'State' },
    { title: 'Size', align: 'right' as const },
    { title: 'SHA-256' },
  ]
  const fresh = report.files.filter((file) => file.state !== 'known').length
  return section(
    'files',
    'Landing files',
    `${fresh} of ${report.files.length} were new or changed`,
    table(columns, rows),
  )
}

export function exported(report: RunReport): string {
  if (report.exports.length === 0) return ''
  const rows = report.exports.map((entry) => [
    `<span class="name">${escape(entry.table)}</span>`,
    escape(entry.target),
    pill(entry.status, entry.status === 'failed' ? 'bad' : entry.status === 'loaded' ? 'good' : 'neutral'),
    formatCount(entry.rows),
    entry.version === null ? nothing : `v${entry.version}`,
    entry.reconciled === null ? nothing : entry.reconciled ? pill('equal', 'good') : pill('differs', 'bad'),
    formatDuration(entry.durationMs),
  ])
  const columns = [
    { title: 'Table', wide: true },
    { title: 'Target' },
    { title: 'Status' },
    { title: 'Rows', align: 'right' as const },
    { title: 'Version', align: 'right' as const },
    { title: 'Reconciled' },
    { title: 'Time', align: 'right' as const },
  ]
  return section('exports', 'Warehouse', report.exports[0]!.location, table(columns, rows))
}

/** Figures of the business, as the definition asks for them. */
export function metrics({ metrics: figures }: RunReport): string {
  if (figures.length === 0) return ''
  const rows = figures.map(({ name, description, unit, value, problem }) => [
    `<span class="name">${escape(name)}</span><small>${escape(description)}</small>`,
    value === null
      ? pill(problem === null ? 'none' : 'not known', problem === null ? 'neutral' : 'warning')
      : escape(figureOf(value)),
    unit === '1' ? nothing : escape(unit),
    problem === null ? nothing : escape(problem),
  ])
  const columns = [
    { title: 'Figure', wide: true },
    { title: 'Value', align: 'right' as const },
    { title: 'Unit' },
    { title: 'Why it is not known' },
  ]
  return section('metrics', 'Business figures', plural(figures.length, 'figure'), table(columns, rows))
}

const figureOf = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 4 })

export function whereThingsAre({ places, facts }: RunReport): string {
  const list = (items: readonly (readonly [string, string])[]) =>
    `<dl>${items.map(([label, value]) => `<dt>${escape(label)}</dt><dd>${value}</dd>`).join('')}</dl>`
  const located = places.map(({ label, location }) => [label, `<code>${escape(location)}</code>`] as const)
  const known = facts.map(({ label, value }) => [label, escape(value)] as const)
  return [
    located.length === 0 ? '' : section('places', 'Where things are', '', list(located)),
    known.length === 0 ? '' : section('facts', 'How it ran', '', list(known)),
  ].join('')
}
