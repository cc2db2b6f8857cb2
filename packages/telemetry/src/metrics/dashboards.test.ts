import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const textOf = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8')
const dashboard = (name: string): string => textOf(`../../../../deploy/dashboards/${name}.json`)

/** Names that the meter makes, as they are written in its source. */
const made = new Map(
  [...textOf('./run-meter.ts').matchAll(/(counter|gauge|createHistogram)\('(?:deltaworks\.)?([\w.]+)'/g)].map(
    ([, kind, name]) => [`deltaworks.${name!}`, kind!],
  ),
)

describe('dashboards', () => {
  it.each(['cloudwatch', 'datadog', 'grafana'])('O-14: %s is JSON, and shows metrics that there are', (name) => {
    expect(() => void JSON.parse(dashboard(name))).not.toThrow()
    const prometheus = new Map(
      [...made].map(([metric, kind]) => [`${metric.replaceAll('.', '_')}${kind === 'counter' ? '_total' : ''}`, kind]),
    )
    const known = name === 'grafana' ? prometheus : made
    const pattern = name === 'grafana' ? /deltaworks_[a-z_]+/g : /deltaworks\.[a-z_]+\.[a-z_]+/g
    const used = new Set(dashboard(name).match(pattern))
    expect(used.size).toBeGreaterThanOrEqual(14)
    expect([...used].filter((metric) => !known.has(metric))).toEqual([])
  })
})
