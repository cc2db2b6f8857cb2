import { formatBytes, formatCount, formatDuration, plural } from '../figures.js'
import type { ReportQuery, ReportStage, RunReport } from '../run-report.js'
import { escape, section, table } from './markup.js'

const width = 1100
const labelWidth = 240
const figureWidth = 190
const rowHeight = 20
const barHeight = 10

/** Jobs of a run: each step's queries on the run's clock, their stages and tasks, and the plans with what each operator did. */
export function queries({ queries: all, durationMs }: RunReport): string {
  if (all.length === 0) return ''
  const end = Math.max(durationMs, ...all.map((query) => query.startMs + query.durationMs), 0.001)
  const steps = new Map<string, ReportQuery[]>()
  for (const query of all) steps.set(query.step, [...(steps.get(query.step) ?? []), query])
  const stages = all.reduce((sum, query) => sum + query.stages.length, 0)
  const tasks = all.reduce((sum, query) => sum + query.stages.reduce((n, stage) => n + stage.tasks.length, 0), 0)
  const note = `${all.length === 1 ? '1 query' : `${formatCount(all.length)} queries`}, ${plural(stages, 'stage')} and ${plural(tasks, 'task')} on worker threads`
  const blocks = [...steps].map(([step, own]) => stepBlock(step === '' ? 'between the steps' : step, own, end))
  return section('queries', 'Queries', note, blocks.join(''))
}

function stepBlock(step: string, own: readonly ReportQuery[], end: number): string {
  const ordered = [...own].sort((a, b) => a.startMs - b.startMs)
  const totalMs = own.reduce((sum, query) => sum + query.durationMs, 0)
  const head = `${escape(step)}<span>${own.length === 1 ? '1 query' : `${own.length} queries`}, ${formatDuration(totalMs)}</span>`
  return `<details><summary>${head}</summary>${chart(ordered, end)}${ordered.map(queryBlock).join('')}</details>`
}

interface Bar {
  readonly label: string
  readonly kind: 'build' | 'ingest'
  readonly startMs: number
  readonly durationMs: number
  readonly figure: string
}

/** A bar a query, and below it a bar a stage. */
function chart(own: readonly ReportQuery[], end: number): string {
  const scale = (ms: number): number => labelWidth + (ms / end) * (width - labelWidth - figureWidth)
  const bars = own.flatMap((query, i): Bar[] => [
    {
      label: `${i + 1}. ${query.kind}`,
      kind: 'build',
      startMs: query.startMs,
      durationMs: query.durationMs,
      figure: `${formatDuration(query.durationMs)} · ${formatCount(query.rows)} rows`,
    },
    ...query.stages.map((stage): Bar => ({
      label: `   stage ${stage.stage}: ${stage.name}`,
      kind: 'ingest',
      startMs: stage.startMs,
      durationMs: stage.durationMs,
      figure: `${formatDuration(stage.durationMs)} · ${stage.tasks.length} × ${stage.morsels}`,
    })),
  ])
  const rows = bars.map(({ label, kind, startMs, durationMs, figure }, i) => {
    const middle = i * rowHeight + rowHeight / 2
    const x = scale(startMs)
    const length = Math.max(2, scale(startMs + durationMs) - x)
    const clipped = label.length > 36 ? `${label.slice(0, 35)}…` : label
    return (
      `<text x="0" y="${middle + 4}" xml:space="preserve">${escape(clipped)}</text>` +
      `<rect class="${kind}" x="${x.toFixed(1)}" y="${middle - barHeight / 2}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/>` +
      `<text class="figure" x="${(x + length + 6).toFixed(1)}" y="${middle + 4}">${escape(figure)}</text>`
    )
  })
  return `<svg viewBox="0 0 ${width} ${bars.length * rowHeight}" role="img" aria-label="Queries and their stages on the run’s clock">${rows.join('')}</svg>`
}

function queryBlock(query: ReportQuery, index: number): string {
  const { filesTotal, filesPruned, spilledBytes } = query
  const facts = [
    `${formatCount(query.rows)} rows`,
    ...(filesTotal === 0 ? [] : [`${filesTotal - filesPruned} of ${filesTotal} files read`]),
    ...(spilledBytes === 0 ? [] : [`${formatBytes(spilledBytes)} spilled`]),
  ]
  return (
    `<details><summary>${index + 1}. ${escape(query.kind)}<span>${formatDuration(query.durationMs)}, ${facts.join(', ')}</span></summary>` +
    (query.stages.length === 0 ? '' : stageTable(query.stages)) +
    `<div class="scroll"><pre class="mono">${escape(query.plan)}</pre></div></details>`
  )
}

function stageTable(stages: readonly ReportStage[]): string {
  const columns = [
    { title: 'Stage', wide: true },
    { title: 'Tasks', align: 'right' as const },
    { title: 'Morsels', align: 'right' as const },
    { title: 'Rows', align: 'right' as const },
    { title: 'Exchanged', align: 'right' as const },
    { title: 'Spilled', align: 'right' as const },
    { title: 'Shortest to longest task', align: 'right' as const },
    { title: 'Heap of a thread', align: 'right' as const },
    { title: 'Time', align: 'right' as const },
  ]
  const rows = stages.map(({ stage, name, tasks, morsels, rows: count, exchangedBytes, spilledBytes, durationMs }) => {
    const times = tasks.map((task) => task.durationMs)
    return [
      escape(`${stage}: ${name}`),
      String(tasks.length),
      formatCount(morsels),
      formatCount(count),
      formatBytes(exchangedBytes),
      formatBytes(spilledBytes),
      times.length === 0 ? '' : `${formatDuration(Math.min(...times))} to ${formatDuration(Math.max(...times))}`,
      formatBytes(Math.max(0, ...tasks.map(({ heapBytes }) => heapBytes))),
      formatDuration(durationMs),
    ]
  })
  return table(columns, rows)
}
