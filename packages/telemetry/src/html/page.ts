import { formatBytes, formatCount, formatDuration, formatInstant, formatShare } from '../figures.js'
import { outcomes, totalsOf } from '../outcome.js'
import type { RunReport } from '../run-report.js'
import { escape } from './markup.js'
import { profiles } from './profiles.js'
import { queries } from './queries.js'
import { exported, files, metrics, quality, quarantine, tables, warnings, whereThingsAre } from './sections.js'
import { style } from './style.js'
import { timeline } from './timeline.js'

/** The run as one page: no script, no request to anywhere, light or dark by the reader's system. */
export function renderHtml(report: RunReport): string {
  const { label, tone } = outcomes[report.status]
  const title = `${report.lakehouse} · ${report.command} ${report.runId}`
  const environment = report.environment === '' ? '' : ` <span>${escape(report.environment)}</span>`
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
    `<title>${escape(title)}</title><link rel="icon" href="data:,"><style>${style}</style></head><body><main>` +
    `<header><div><p class="eyebrow">Deltaworks · ${escape(report.command)}</p><h1>${escape(report.lakehouse)}${environment}</h1>` +
    `<p>${formatInstant(report.startedMs)} · run <code>${escape(report.runId)}</code></p></div>` +
    `<div class="status ${tone}">${label} in ${formatDuration(report.durationMs)}</div></header>` +
    cards(report) +
    warnings(report) +
    timeline(report) +
    queries(report) +
    tables(report) +
    metrics(report) +
    quality(report) +
    quarantine(report) +
    exported(report) +
    profiles(report) +
    files(report) +
    whereThingsAre(report) +
    `<footer><span>Written by Deltaworks; the same as JSON stands beside this page.</span><span>${escape(report.runId)}</span></footer>` +
    `</main></body></html>\n`
  )
}

function cards(report: RunReport): string {
  const totals = totalsOf(report)
  const card = (value: string, label: string, note: string) =>
    `<div class="card"><span>${label}</span><b>${value}</b><em>${note}</em></div>`
  const rate = report.durationMs > 0 ? (totals.rowsIngested / report.durationMs) * 1000 : 0
  const rules = report.quality.length
  const newFiles = report.files.filter((file) => file.state !== 'known').length
  return `<div class="cards">${[
    card(
      formatDuration(report.durationMs),
      'Wall time',
      rate > 0 ? `${formatCount(Math.round(rate))} rows/s` : '&nbsp;',
    ),
    card(formatCount(totals.rowsIngested), 'Rows ingested', `${newFiles} new of ${report.files.length} files`),
    card(formatCount(totals.tablesWritten), 'Tables written', `${formatCount(totals.rowsOut)} rows`),
    card(formatBytes(totals.bytesWritten), 'Written', `${formatCount(totals.filesWritten)} files`),
    card(
      rules === 0 ? '–' : `${totals.rulesPassed} <small>of ${rules}</small>`,
      'Rules passed',
      rules === 0 ? 'no rules' : `score ${formatShare(totals.rulesPassed / rules)}`,
    ),
    card(
      formatCount(totals.rowsQuarantined),
      'Rows quarantined',
      totals.rowsQuarantined === 0 ? 'all rows are good' : 'in quarantine',
    ),
  ].join('')}</div>`
}
