import { formatCount, formatDuration } from '../figures.js'
import { layersOf } from '../outcome.js'
import type { ReportStep, RunReport } from '../run-report.js'
import { escape, section } from './markup.js'

const width = 1100
const labelWidth = 236
const figureWidth = 132
const rowHeight = 24
const barHeight = 12
const kinds = ['ingest', 'quality', 'quarantine', 'build', 'maintenance', 'export'] as const
const kindNames: Readonly<Record<string, string>> = {
  ingest: 'Ingest',
  quality: 'Quality gate',
  quarantine: 'Quarantine',
  build: 'Build',
  maintenance: 'Maintenance',
  export: 'Export',
  other: 'Other',
}

/** The steps as a Gantt chart: a lane a table, in layers; a bar a step. */
export function timeline({ steps, durationMs }: RunReport): string {
  if (steps.length === 0) return ''
  const end = Math.max(durationMs, ...steps.map((step) => step.endMs), 0.001)
  const scale = (ms: number) => labelWidth + (ms / end) * (width - labelWidth - figureWidth)
  const lanes = lanesOf(steps)
  let y = 8
  const parts: string[] = []
  for (const layer of layersOf(lanes)) {
    parts.push(`<text class="layer" x="0" y="${y + 12}">${escape(layer.toUpperCase())}</text>`)
    y += 20
    for (const lane of lanes) {
      if (lane.layer !== layer) continue
      parts.push(drawLane(lane, y, scale))
      y += rowHeight
    }
    y += 8
  }
  const bottom = y
  const axis = ticks(end).map((ms) => {
    const x = scale(ms).toFixed(1)
    return `<line class="grid" x1="${x}" x2="${x}" y1="4" y2="${bottom}"/><text class="axis" x="${x}" y="${bottom + 15}" text-anchor="middle">${formatDuration(ms)}</text>`
  })
  const chart = `<svg viewBox="0 0 ${width} ${bottom + 22}" role="img" aria-label="Timeline of the steps">${axis.join('')}${parts.join('')}</svg>`
  const used = new Set(steps.map((step) => kindOf(step)))
  const legend = [...kinds, 'other']
    .filter((kind) => used.has(kind))
    .map((kind) => `<span><i class="${kind}"></i>${kindNames[kind]!}</span>`)
    .join('')
  const busy = steps.reduce((n, step) => n + step.endMs - step.startMs, 0)
  const note = `${steps.length} steps, ${formatDuration(busy)} of work in ${formatDuration(end)}`
  return section('timeline', 'Timeline', note, `<p class="legend">${legend}</p>${chart}`)
}

interface Lane {
  readonly table: string
  readonly layer: string
  readonly steps: readonly ReportStep[]
}

function lanesOf(steps: readonly ReportStep[]): readonly Lane[] {
  const lanes = new Map<string, { table: string; layer: string; steps: ReportStep[] }>()
  for (const step of steps) {
    const key = step.kind === 'export' ? `export ${step.table}` : step.table
    const lane = lanes.get(key)
    if (lane === undefined) lanes.set(key, { table: step.table, layer: step.layer, steps: [step] })
    else {
      lane.steps.push(step)
      if (lane.layer === 'quality' && step.layer !== 'quality') lane.layer = step.layer
    }
  }
  return [...lanes.values()]
}

function drawLane({ table, steps }: Lane, y: number, scale: (ms: number) => number): string {
  const middle = y + rowHeight / 2
  const bars = steps.map((step) => {
    const x = scale(step.startMs)
    const length = Math.max(2.5, scale(step.endMs) - x)
    const faded = step.status === 'unchanged' ? ' opacity=".4"' : ''
    const failed = step.status === 'failed' ? ' stroke="var(--bad)" stroke-width="2"' : ''
    return `<rect class="${kindOf(step)}" x="${x.toFixed(1)}" y="${middle - barHeight / 2}" width="${length.toFixed(1)}" height="${barHeight}" rx="3"${faded}${failed}><title>${escape(tooltip(step))}</title></rect>`
  })
  const last = Math.max(...steps.map((step) => step.endMs))
  const rows = steps
    .filter((step) => step.status === 'written' && step.kind !== 'quarantine')
    .reduce((n, step) => n + step.rowsOut, 0)
  const time = steps.reduce((n, step) => n + step.endMs - step.startMs, 0)
  const figure = rows > 0 ? `${formatDuration(time)} · ${formatCount(rows)} rows` : formatDuration(time)
  return (
    `<g class="row"><rect class="stripe" x="0" y="${y}" width="${width}" height="${rowHeight}" rx="4"/>` +
    `<text x="10" y="${middle + 4}">${escape(clip(table))}</text>${bars.join('')}` +
    `<text class="figure" x="${(scale(last) + 8).toFixed(1)}" y="${middle + 4}">${figure}</text></g>`
  )
}

function tooltip(step: ReportStep): string {
  const lines = [
    `${step.step} (${kindNames[kindOf(step)]!.toLowerCase()}, ${step.status})`,
    `${formatDuration(step.startMs)} to ${formatDuration(step.endMs)}: ${formatDuration(step.endMs - step.startMs)}`,
    `${formatCount(step.rowsIn)} rows in, ${formatCount(step.rowsOut)} out`,
    ...(step.rowsQuarantined > 0 ? [`${formatCount(step.rowsQuarantined)} quarantined`] : []),
    ...(step.note === null ? [] : [step.note]),
  ]
  return lines.join('\n')
}

const kindOf = (step: ReportStep): string => ((kinds as readonly string[]).includes(step.kind) ? step.kind : 'other')

const clip = (text: string): string => (text.length > 32 ? `${text.slice(0, 31)}…` : text)

/** Four to eight round times from zero. */
function ticks(end: number): readonly number[] {
  const rough = end / 6
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((n) => n * magnitude).find((n) => n >= rough) ?? magnitude * 10
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step)
}
