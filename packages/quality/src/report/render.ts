import {
  reportStatus,
  scoresByLabel,
  shownMetric,
  type QualityReport,
  type RuleReport,
  type TableReport,
} from './quality-report.js'
import { sparkline, sparklineSvg } from './sparkline.js'

export type ReportFormat = 'json' | 'html' | 'markdown' | 'junit'

export function renderReport(report: QualityReport, format: ReportFormat): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify({ ...report, status: reportStatus(report), labels: Object.fromEntries(scoresByLabel(report.tables)) }, null, 2)}\n`
    case 'html':
      return html(report)
    case 'markdown':
      return markdown(report)
    case 'junit':
      return junit(report)
  }
}

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`
const mark = ({ status, level }: RuleReport): string =>
  status === 'passed' ? 'passed' : status === 'error' ? 'error' : level === 'critical' ? 'FAILED' : 'warning'

function summary({ rowCount, score, status, version, split }: TableReport): string {
  const of = version === null ? '' : `, version ${version}`
  const parts = split === null ? '' : `; ${split.good} good, ${split.quarantined} quarantined, ${split.dropped} dropped`
  return `${status}: score ${percent(score)} of ${rowCount} rows${of}${parts}`
}

function markdown(report: QualityReport): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  const tables = report.tables.map((table) => {
    const rows = table.rules.map((rule) => {
      const cells = [
        mark(rule),
        rule.rule,
        shownMetric(rule.metric),
        rule.threshold,
        sparkline(rule.trend),
        rule.message,
      ]
      return `| ${cells.map(cell).join(' | ')} |`
    })
    const head = ['| status | rule | metric | wanted | trend | found |', '| --- | --- | --- | --- | --- | --- |']
    return [`## ${table.table}`, '', summary(table), '', ...head, ...rows, ''].join('\n')
  })
  const labels = [...scoresByLabel(report.tables)].map(
    ([name, { passed, total }]) => `- ${name}: ${passed} of ${total}`,
  )
  const byLabel = labels.length === 0 ? [] : ['## By label', '', ...labels, '']
  return [`# ${report.title}`, '', `${reportStatus(report)}, ${report.createdAt}`, '', ...tables, ...byLabel].join('\n')
}

const escaped = (text: string): string =>
  text
    .replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '�')

/** A suite a table, a case a rule: a failed critical rule is a failure, an error an error; a warning is told and passes. */
function junit({ title, tables, createdAt }: QualityReport): string {
  const suites = tables.map(({ table, rules, rulesetHash }) => {
    const failures = rules.filter(({ status, level }) => status === 'failed' && level === 'critical').length
    const errors = rules.filter(({ status }) => status === 'error').length
    const cases = rules.map((rule) => {
      const { status, level, message } = rule
      const inside =
        status === 'error'
          ? `<error message="${escaped(message)}"/>`
          : status === 'failed' && level === 'critical'
            ? `<failure message="${escaped(message)}">${escaped(`wanted ${rule.threshold}, found ${shownMetric(rule.metric)}`)}</failure>`
            : status === 'failed'
              ? `<system-out>warning: ${escaped(message)}</system-out>`
              : ''
      return `    <testcase classname="${escaped(table)}" name="${escaped(rule.rule)}">${inside}</testcase>`
    })
    const counts = `tests="${rules.length}" failures="${failures}" errors="${errors}"`
    return [
      `  <testsuite name="${escaped(table)}" ${counts} timestamp="${createdAt}" id="${rulesetHash}">`,
      ...cases,
      '  </testsuite>',
    ].join('\n')
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${escaped(title)}">\n${suites.join('\n')}\n</testsuites>\n`
}

const style = `body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c2024}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #e3e6ea;vertical-align:top}
th{font-weight:600;color:#5b6570}.passed{color:#18794e}.warning{color:#8a5a00}.FAILED,.error{color:#b3261e;font-weight:600}
.trend{color:#3b6fd4}.trend circle{fill:currentColor}details table{font-size:12px}code{font-size:12px}`

function html(report: QualityReport): string {
  const tables = report.tables.map(
    (table) =>
      `<section><h2>${escaped(table.table)}</h2><p>${escaped(summary(table))} · rules <code>${table.rulesetHash}</code></p>` +
      '<table><thead><tr><th>Status</th><th>Rule</th><th>Metric</th><th>Wanted</th><th>Trend</th><th>Found</th></tr></thead><tbody>' +
      `${table.rules.map(ruleRow).join('')}</tbody></table></section>`,
  )
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${escaped(report.title)}</title><style>${style}</style></head><body><h1>${escaped(report.title)}</h1>` +
    `<p>${reportStatus(report)} · ${escaped(report.createdAt)} · run ${escaped(report.runId)}</p>${tables.join('')}</body></html>\n`
  )
}

function ruleRow(rule: RuleReport): string {
  const status = mark(rule)
  const cells = [
    `<td class="${status}">${status}</td>`,
    `<td><code>${escaped(rule.rule)}</code></td>`,
    `<td>${shownMetric(rule.metric)}</td>`,
    `<td>${escaped(rule.threshold)}</td>`,
    `<td>${sparklineSvg(rule.trend)}</td>`,
    `<td>${escaped(rule.message)}${sampleTable(rule)}</td>`,
  ]
  return `<tr>${cells.join('')}</tr>`
}

function sampleTable({ sample }: RuleReport): string {
  const [first] = sample
  if (first === undefined) return ''
  const names = Object.keys(first)
  const head = names.map((name) => `<th>${escaped(name)}</th>`).join('')
  const rows = sample.map((row) => `<tr>${names.map((name) => `<td>${escaped(row[name] ?? '')}</td>`).join('')}</tr>`)
  return `<details><summary>${sample.length} of the rows</summary><table><tr>${head}</tr>${rows.join('')}</table></details>`
}
