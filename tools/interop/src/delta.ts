import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/*
 * node tools/interop/dist/delta.js [--keep] [--only NAME,NAME] [--record]
 *
 * Features, Spark's tables and twins, one after the other, each with these arguments, and with `--record` the page of what came of them.
 */

const args = process.argv.slice(2)
const programs = ['features', 'spark-tables', 'twins', ...(args.includes('--record') ? ['agreement-page'] : [])]
for (const program of programs) {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
