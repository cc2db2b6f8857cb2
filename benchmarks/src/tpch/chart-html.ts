import { ratios, type QueryResult, type TpchResult } from './result.js'
import type { EngineName } from './engine-process.js'

const barHeight = 14
const labelWidth = 44
const plotWidth = 640
const colours: Readonly<Record<EngineName, string>> = {
  deltaworks: '#345',
  duckdb: '#c8871e',
  polars: '#2f7fb5',
  spark: '#b5452f',
}

/** A page with a bar a query and peer: our time over the peer's. The line is at 1, where both take as long. */
export function chartHtml(result: TpchResult): string {
  const peers = result.summary.map(({ peer }) => peer)
  const highest = Math.max(2, ...peers.flatMap((peer) => ratios(result.queries, peer)))
  const x = (ratio: number): number => labelWidth + (ratio / highest) * plotWidth
  const rowHeight = barHeight * peers.length + 8
  const height = result.queries.length * rowHeight + 24
  const bars = result.queries.flatMap((query, i) =>
    peers.map((peer, j) => bar(query, peer, x, 20 + i * rowHeight + j * barHeight)),
  )
  const labels = result.queries.map(
    ({ query }, i) => `<text x="4" y="${20 + i * rowHeight + barHeight - 3}">Q${query}</text>`,
  )
  const lines = Array.from({ length: Math.floor(highest) + 1 }, (_, ratio) => {
    const at = x(ratio).toFixed(1)
    const style = ratio === 1 ? 'stroke="#000"' : 'stroke="#ccc"'
    return `<line x1="${at}" x2="${at}" y1="16" y2="${height}" ${style}/><text x="${at}" y="12">${ratio}</text>`
  })
  const summary = result.summary
    .map(
      ({ peer, queries, geometricMean, worst, cpuGeometricMean, peakMb, ourPeakMb }) =>
        `<tr><td style="color:${colours[peer]}">${peer}</td><td>${queries}</td><td>${geometricMean.toFixed(2)}</td><td>${worst.toFixed(2)}</td>` +
        `<td>${cpuGeometricMean.toFixed(2)}</td><td>${ourPeakMb.toFixed(0)}</td><td>${peakMb.toFixed(0)}</td></tr>`,
    )
    .join('\n')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>TPC-H, scale ${result.scale}</title>
<style>body{font:14px system-ui;margin:2em}svg text{font:11px system-ui}td,th{padding:2px 12px;text-align:right}</style></head>
<body><h1>TPC-H, scale ${result.scale}, from ${result.format}, ${result.threads} threads</h1>
<p>Our time over the peer's, best of ${result.rounds} rounds in turn: below 1 we are faster. Load at the end: ${result.load.toFixed(2)}.
<code>${result.command}</code></p>
<table><tr><th>peer</th><th>queries</th><th>geometric mean</th><th>worst</th><th>of processor time</th><th>our peak MiB</th><th>its peak MiB</th></tr>
${summary}</table>
<svg width="${labelWidth + plotWidth + 80}" height="${height + 4}" role="img" aria-label="Ratios by query">
${lines.join('\n')}
${labels.join('\n')}
${bars.join('\n')}
</svg></body></html>
`
}

function bar(query: QueryResult, peer: EngineName, x: (ratio: number) => number, y: number): string {
  const [ratio] = ratios([query], peer)
  if (ratio === undefined) return `<text x="${x(0) + 4}" y="${y + barHeight - 3}" fill="#999">${peer} —</text>`
  const width = (x(ratio) - x(0)).toFixed(1)
  return (
    `<rect x="${x(0)}" y="${y}" width="${width}" height="${barHeight - 2}" fill="${colours[peer]}"/>` +
    `<text x="${(x(ratio) + 4).toFixed(1)}" y="${y + barHeight - 3}">${ratio.toFixed(2)}</text>`
  )
}
