import { formatCount, formatShare, plural } from '../figures.js'
import type { ReportColumnProfile, ReportHistogram, ReportProfile, RunReport } from '../run-report.js'
import { escape, pill, section, shareBar, table } from './markup.js'

const nothing = '<span class="faint">–</span>'
const columns = [
  { title: 'Column' },
  { title: 'Type' },
  { title: 'Filled in' },
  { title: 'Distinct', align: 'right' as const },
  { title: 'Smallest' },
  { title: 'Median', align: 'right' as const },
  { title: 'Largest' },
  { title: 'Mean', align: 'right' as const },
  { title: 'Spread' },
  { title: 'Looks like', wide: true },
]

/** What each batch holds, a fold a table; what is not as in earlier batches stands above its columns. */
export function profiles(report: RunReport): string {
  if (report.profiles.length === 0) return ''
  return section('profiles', 'Profiles', 'what was ingested holds', report.profiles.map(block).join(''))
}

function block({ table: name, rowCount, columns: profiled, drift, comparedBatches = 0 }: ReportProfile): string {
  const changes = drift ?? []
  const facts = [
    plural(rowCount, 'row'),
    plural(profiled.length, 'column'),
    comparedBatches === 0 ? '' : `compared with ${plural(comparedBatches, 'earlier run')}`,
  ].filter((fact) => fact !== '')
  const badge = changes.length === 0 ? '' : ` ${pill(plural(changes.length, 'change'), 'warning')}`
  const notes = changes.map(({ column, message }) => {
    const place = column === null ? '' : `<span class="name">${escape(column)}</span>: `
    return `<li>${place}${escape(message)}</li>`
  })
  const list = notes.length === 0 ? '' : `<ul class="notes">${notes.join('')}</ul>`
  const open = changes.length === 0 ? '' : ' open'
  return `<details${open}><summary>${escape(name)}<span>${facts.join(', ')}</span>${badge}</summary>${list}${table(columns, profiled.map(row))}</details>`
}

const row = (column: ReportColumnProfile): readonly string[] => [
  `<span class="name">${escape(column.name)}</span>`,
  `<span class="soft mono">${escape(column.type)}</span>`,
  `<span class="metric">${shareBar(column.completeness, column.completeness < 1 ? 'warning' : 'good', null)}${formatShare(column.completeness)}</span>`,
  column.approximateDistinct === null ? nothing : `≈ ${formatCount(column.approximateDistinct)}`,
  valueCell(column.min),
  median(column),
  valueCell(column.max),
  column.mean === null ? nothing : formatCount(Number(column.mean.toFixed(2))),
  column.histogram == null ? nothing : bars(column.histogram),
  [
    column.semanticType === null ? '' : pill(column.semanticType, 'neutral'),
    column.topValues === null
      ? ''
      : `<small>${column.topValues
          .slice(0, 5)
          .map(({ value, count }) => `${escape(value ?? '(missing)')} ${formatCount(count)}`)
          .join(', ')}</small>`,
  ].join(''),
]

/** Of numbers; quantiles of times are points on a line that nobody reads. */
function median({ quantiles, mean }: ReportColumnProfile): string {
  if (quantiles == null || mean === null) return nothing
  return formatCount(Number(quantiles[(quantiles.length - 1) / 2]!.toFixed(2)))
}

const valueCell = (value: string | null): string =>
  value === null
    ? nothing
    : `<span class="soft" title="${escape(value)}">${escape(value.length > 22 ? `${value.slice(0, 21)}…` : value)}</span>`

const [barWidth, height] = [4, 18]

function bars({ counts }: ReportHistogram): string {
  const most = Math.max(1, ...counts)
  const drawn = counts.map((count, i) => {
    const tall = count === 0 ? 0 : Math.max(1, Math.round((count / most) * height))
    return `<path d="M${i * barWidth} ${height}v-${tall}h${barWidth - 1}v${tall}z"/>`
  })
  return `<svg width="${counts.length * barWidth}" height="${height}" fill="currentColor" opacity=".55" role="img" aria-label="histogram">${drawn.join('')}</svg>`
}
