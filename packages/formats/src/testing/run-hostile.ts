import { parseArgs } from 'node:util'
import { createContext } from '@deltaworks/columnar'
import { damaged, outcome, poison, random, soundFiles } from './hostile-files.js'

/*
 * npm run hostile -w packages/formats -- [--count 100000] [--seed 1]
 *
 * So many damaged files of every format, each read twice over other memory: rows or one clear error, and both times the same.
 * Tells of the slowest, of the errors that came, and of the memory; ends with 1 at the first failure, whose seed it names.
 */
const { values: options } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
})

const contexts = [createContext({ limitBytes: 512 * 1024 * 1024 }), createContext({ limitBytes: 512 * 1024 * 1024 })]
const files = await soundFiles(contexts[0]!)
const codes = new Map<string, number>()
let slowest = { ms: 0, seed: 0 }
const first = Number(options.seed)
const start = performance.now()
for (let seed = first; seed < first + Number(options.count); seed++) {
  const next = random(seed)
  const file = files[seed % files.length]!
  const bytes = damaged(file, next)
  const filtered = next(3) === 0
  const before = performance.now()
  try {
    const results: string[] = []
    for (const [i, context] of contexts.entries()) {
      poison(context, i === 0 ? 0x00 : 0xa5)
      results.push(await outcome(context, file.kind, bytes, filtered))
    }
    if (results[0] !== results[1]) throw new Error('it reads memory that is not its own')
    const code = /DW-[A-Z]+-\d+/.exec(results[0]!.slice(-2000))?.[0] ?? 'rows'
    codes.set(`${file.kind} ${code}`, (codes.get(`${file.kind} ${code}`) ?? 0) + 1)
  } catch (error) {
    process.stdout.write(`seed ${seed}, ${file.name}: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  }
  const ms = performance.now() - before
  if (ms > slowest.ms) slowest = { ms, seed }
  if ((seed - first + 1) % 10_000 === 0) process.stdout.write(`${seed - first + 1} files\n`)
}
for (const [code, count] of [...codes].sort()) process.stdout.write(`${code}: ${count}\n`)
process.stdout.write(
  `${options.count} files in ${((performance.now() - start) / 1000).toFixed(0)} s; slowest ${slowest.ms.toFixed(0)} ms (seed ${slowest.seed}); ` +
    `heaps ${contexts.map(({ heap }) => `${(heap.touchedBytes / 1_048_576).toFixed(0)} MB`).join(' and ')}, process ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB at most\n`,
)
