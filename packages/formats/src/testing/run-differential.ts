import { parseArgs } from 'node:util'
import { createContext } from '@deltaworks/columnar'
import { differential } from './differential.js'
import { duckRewrite } from './duck-rewrite.js'

/*
 * npm run differential -w packages/formats -- [--count 10000] [--seed 1]
 *
 * So many Parquet files of random tables, written by us, arrow-rs and DuckDB in turn: what we read is what was written, and what
 * arrow-rs, DuckDB and hyparquet read. Tells how many of each writer each reader agreed on or refused; ends with 1 at the first
 * difference, whose seed it names.
 */
const { values: options } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
})

const context = createContext({ limitBytes: 512 * 1024 * 1024 })
const duck = await duckRewrite()
const first = Number(options.seed)
const start = performance.now()
const counts = new Map<string, number>()
let status = 0
try {
  for (let seed = first; seed < first + Number(options.count); seed++) {
    for (const outcome of await differential(context, duck, seed)) {
      counts.set(outcome.label, (counts.get(outcome.label) ?? 0) + 1)
      if (outcome.difference === null) continue
      process.stdout.write(`seed ${seed}: ${outcome.label}\n${outcome.difference}\n`)
      status = 1
    }
    if (status !== 0) break
    if ((seed - first + 1) % 1000 === 0) process.stdout.write(`${seed - first + 1} files\n`)
  }
} finally {
  duck.close()
}
for (const [label, count] of [...counts].sort()) process.stdout.write(`${label}: ${count}\n`)
process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0)} s\n`)
process.exit(status)
