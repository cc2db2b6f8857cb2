import { parseArgs } from 'node:util'
import { csvDifferential, fastCsv } from './csv-differential.js'
import { duckCsv } from './duck-csv.js'

/*
 * npm run differential:csv -w packages/formats -- [--count 10000] [--seed 1]
 *
 * So many CSV texts of random dialects: we read the values that they were made of; what DuckDB and fast-csv read is the same, or
 * differs as each of them is known to (`CsvWitness`). Tells how often each; ends with 1 at the first other difference.
 */
const { values: options } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
})

const duck = await duckCsv()
const first = Number(options.seed)
const start = performance.now()
const counts = new Map<string, number>()
let status = 0
try {
  for (let seed = first; status === 0 && seed < first + Number(options.count); seed++) {
    for (const { label, difference } of await csvDifferential(seed, [duck, fastCsv])) {
      counts.set(label, (counts.get(label) ?? 0) + 1)
      if (difference === null) continue
      process.stdout.write(`seed ${seed}: ${label}\n${difference}\n`)
      status = 1
    }
  }
} finally {
  duck.close()
}
for (const [label, count] of [...counts].sort()) process.stdout.write(`${label}: ${count}\n`)
process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0)} s\n`)
process.exit(status)
