import { formatBytes, formatCount, formatDuration, formatInstant, plural } from './figures.js'
import { layersOf, outcomes, toneOfRule, totalsOf, workByTable, type Tone } from './outcome.js'
import type { ReportQuality, RunReport } from './run-report.js'

export interface SummaryOptions {
  readonly colour: boolean
  /** Columns of the terminal; lines are kept within it (at least 60, at most 110). */
  readonly width: number
}

type Style = (text: string) => string
interface Palette {
  readonly bold: Style
  readonly dim: Style
  readonly tone: Readonly<Record<Tone, Style>>
}

const code =
  (open: number, close: number): Style =>
  (text) =>
    `\u001b[${open}m${text}\u001b[${close}m`
const plain: Style = (text) => text
const coloured: Palette = {
  bold: code(1, 22),
  dim: code(2, 22),
  tone: { good: code(32, 39), warning: code(33, 39), bad: code(31, 39), neutral: code(36, 39) },
}
const monochrome: Palette = {
  bold: plain,
  dim: plain,
  tone: { good: plain, warning: plain, bad: plain, neutral: plain },
}

const marks: Readonly<Record<Tone, string>> = { good: '✓', warning: '!', bad: '✗', neutral: '·' }

/** The run on one screen, for a terminal: what went in and out, what the rules said, what was quarantined, where things are. */
export function renderSummary(report: RunReport, { colour, width }: SummaryOptions): string {
  const palette = colour ? coloured : monochrome
  const columns = Math.max(60, Math.min(110, width))
  const sections = [
    heading(report, palette, columns),
    tables(report, palette, columns),
    quality(report, palette, columns),
    quarantine(report, palette, columns),
    exported(report, palette, columns),
    warnings(report, palette, columns),
    places(report, palette),
  ]
  return `\n${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `  ${line}`.trimEnd()).join('\n'))
    .join('\n\n')}\n`
}

function heading(report: RunReport, { bold, dim, tone }: Palette, columns: number): string[] {
  const { label, tone: mood } = outcomes[report.status]
  const name = ['Deltaworks', report.lakehouse, report.environment].filter((part) => part !== '').join(' · ')
  const result = `${marks[mood]} ${label} in ${formatDuration(report.durationMs)}`
  const gap = ' '.repeat(Math.max(2, columns - 2 - name.length - result.length))
  return [
    `${bold(name)}${gap}${tone[mood](bold(result))}`,
    dim(`${report.command} ${report.runId} · ${formatInstant(report.startedMs)}`),
  ]
}

function tables(report: RunReport, palette: Palette, columns: number): string[] {
  const work = workByTable(report.steps).filter((entry) => entry.layer !== 'quality')
  if (work.length === 0) return []
  const quarantined = work.some((entry) => entry.rowsQuarantined > 0)
  const headings = ['rows in', 'rows out', ...(quarantined ? ['quarantined'] : []), 'files', 'size', 'time']
  const rows = work.map((entry) => ({
    layer: entry.layer,
    cells: [
      entry.table,
      formatCount(entry.rowsIn),
      entry.status === 'unchanged' ? 'unchanged' : formatCount(entry.rowsOut),
      ...(quarantined ? [entry.rowsQuarantined === 0 ? '·' : formatCount(entry.rowsQuarantined)] : []),
      entry.files === 0 ? '·' : formatCount(entry.files),
      entry.bytes === 0 ? '·' : formatBytes(entry.bytes),
      formatDuration(entry.durationMs),
    ],
  }))
  const widths = ['', ...headings].map((text, i) => Math.max(text.length, ...rows.map((row) => row.cells[i]!.length)))
  const spare = columns - 4 - widths.reduce((n, w) => n + w + 2, 0)
  widths[0]! += Math.max(0, Math.min(12, spare))
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!))).join('  ')
  const lines = [palette.dim(`  ${line(['', ...headings])}`)]
  for (const layer of layersOf(rows)) {
    lines.push(palette.bold(layer))
    for (const row of rows) {
      if (row.layer !== layer) continue
      const text = line(row.cells)
      lines.push(`  ${row.cells[2] === 'unchanged' ? palette.dim(text) : text}`)
    }
  }
  return lines
}

const shownRules = 8

function quality(report: RunReport, palette: Palette, columns: number): string[] {
  if (report.quality.length === 0) return []
  const { rulesPassed } = totalsOf(report)
  const missed = report.quality.filter((rule) => rule.status !== 'passed')
  const worst = missed.some((rule) => rule.level === 'critical') ? 'bad' : missed.length > 0 ? 'warning' : 'good'
  const title = `${palette.bold('Quality')}  ${palette.tone[worst](`${rulesPassed} of ${plural(report.quality.length, 'rule')} passed`)}`
  const ordered = [...missed].sort((a, b) => rank(a) - rank(b))
  const lines = ordered.slice(0, shownRules).flatMap((rule) => {
    const mood = toneOfRule(rule)
    const [first, ...rest] = wrap(`${rule.table}: ${rule.message}`, columns - 6)
    return [`${palette.tone[mood](marks[mood])} ${first!}`, ...rest.map((text) => `  ${text}`)]
  })
  if (ordered.length > shownRules) lines.push(palette.dim(`  and ${ordered.length - shownRules} more, in the report`))
  return [title, ...lines]
}

const rank = (rule: ReportQuality): number => (rule.level === 'critical' ? 0 : 1)

function quarantine(report: RunReport, palette: Palette, columns: number): string[] {
  const { rowsQuarantined } = totalsOf(report)
  if (rowsQuarantined === 0) return []
  const entries = [...report.quarantine].sort((a, b) => b.rows - a.rows)
  const widest = Math.max(0, ...entries.slice(0, shownRules).map((entry) => formatCount(entry.rows).length))
  const lines = entries.slice(0, shownRules).map((entry) => {
    const text = `${formatCount(entry.rows).padStart(widest)}  ${entry.table}: ${entry.reason === '' ? entry.rule : entry.reason}`
    return `  ${clip(text, columns - 6)}`
  })
  if (entries.length > shownRules) lines.push(palette.dim(`  and ${entries.length - shownRules} more kinds`))
  return [`${palette.bold('Quarantine')}  ${palette.tone.warning(`${plural(rowsQuarantined, 'row')}`)}`, ...lines]
}

function exported(report: RunReport, palette: Palette, columns: number): string[] {
  if (report.exports.length === 0) return []
  const loaded = report.exports.filter((entry) => entry.status === 'loaded')
  const rows = loaded.reduce((n, entry) => n + entry.rows, 0)
  const differ = report.exports.filter((entry) => entry.status === 'failed' || entry.reconciled === false)
  const { target, location } = report.exports[0]!
  const said = `${plural(loaded.length, 'table')}, ${plural(rows, 'row')} to ${target}; ${report.exports.length - loaded.length} unchanged`
  const verdict =
    differ.length === 0 ? palette.tone.good('reconciled') : palette.tone.bad(`${differ.length} do not reconcile`)
  return [`${palette.bold('Export')}  ${clip(said, columns - 30)} · ${verdict}`, palette.dim(`  ${location}`)]
}

function warnings(report: RunReport, palette: Palette, columns: number): string[] {
  return report.warnings.flatMap((warning) => {
    const [first, ...rest] = wrap(warning, columns - 6)
    return [`${palette.tone.warning('!')} ${first!}`, ...rest.map((text) => `  ${text}`)]
  })
}

function places(report: RunReport, { bold, dim }: Palette): string[] {
  if (report.places.length === 0) return []
  const widest = Math.max(...report.places.map((place) => place.label.length))
  return [bold('Where'), ...report.places.map(({ label, location }) => `  ${dim(label.padEnd(widest))}  ${location}`)]
}

const clip = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`)

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
