/** What of a `.cpuprofile` (V8's format) a flame graph needs. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** A function and what it called; times in microseconds, those of what it called included. */
interface Frame {
  readonly name: string
  micros: number
  readonly calls: Map<string, Frame>
}

const width = 1200
const rowHeight = 18
/** Narrower boxes are left out. */
const leastWidth = 0.5

/** Profiles (of threads, say) as one tree: equal stacks are added up. Time without work is left out. */
function treeOf(profiles: readonly CpuProfile[]): Frame {
  const root: Frame = { name: 'all threads', micros: 0, calls: new Map() }
  for (const { nodes, samples, timeDeltas } of profiles) {
    const byId = new Map(nodes.map((node) => [node.id, node]))
    const parents = new Map(nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id] as const)))
    samples.forEach((sample, i) => {
      const stack: string[] = []
      for (let id: number | undefined = sample; id !== undefined; id = parents.get(id))
        stack.push(nameOf(byId.get(id)!))
      stack.pop()
      if (stack[0] === '(idle)' || stack.length === 0) return
      let frame = root
      frame.micros += timeDeltas[i]!
      for (const name of stack.reverse()) {
        let next = frame.calls.get(name)
        if (next === undefined) frame.calls.set(name, (next = { name, micros: 0, calls: new Map() }))
        frame = next
        frame.micros += timeDeltas[i]!
      }
    })
  }
  return root
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: CpuProfile['nodes'][number]): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  const file = url.slice(url.lastIndexOf('/') + 1)
  return file === '' ? name : `${name} ${file}:${lineNumber + 1}`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** A page with one flame graph: a box is as wide as its function's time, what it called lies below it. */
export function flameGraphHtml(title: string, profiles: readonly CpuProfile[]): string {
  const root = treeOf(profiles)
  const boxes: string[] = []
  let depths = 0
  const draw = (frame: Frame, x: number, depth: number): void => {
    const own = (frame.micros / Math.max(1, root.micros)) * width
    if (own < leastWidth) return
    depths = Math.max(depths, depth)
    const hue = 20 + ([...frame.name].reduce((sum, character) => sum + character.charCodeAt(0), 0) % 40)
    const share = ((frame.micros / Math.max(1, root.micros)) * 100).toFixed(1)
    const label = own > 40 ? escaped(frame.name.slice(0, Math.floor(own / 6.5))) : ''
    boxes.push(
      `<g><title>${escaped(frame.name)}: ${(frame.micros / 1000).toFixed(1)} ms, ${share} %</title>` +
        `<rect x="${x.toFixed(1)}" y="${depth * rowHeight}" width="${own.toFixed(1)}" height="${rowHeight - 1}" fill="hsl(${hue} 80% 65%)"/>` +
        `<text x="${(x + 3).toFixed(1)}" y="${depth * rowHeight + 13}">${label}</text></g>`,
    )
    let at = x
    for (const call of [...frame.calls.values()].sort((a, b) => b.micros - a.micros)) {
      draw(call, at, depth + 1)
      at += (call.micros / Math.max(1, root.micros)) * width
    }
  }
  draw(root, 0, 0)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>body{font:14px system-ui;margin:2em}text{font:11px monospace;pointer-events:none}</style></head>
<body><h1>${escaped(title)}</h1><p>${profiles.length} threads, ${(root.micros / 1000).toFixed(0)} ms of work. A box is as wide as its function's time; what it called lies below.</p>
<svg width="${width}" height="${(depths + 1) * rowHeight}" role="img" aria-label="Flame graph">${boxes.join('\n')}</svg></body></html>
`
}
