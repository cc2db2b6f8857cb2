import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Keeps figures with the command that makes them; options that are paths are left out. */
export function writeResult(name: string, script: string, figures: object): void {
  const folder = join(fileURLToPath(new URL('../../..', import.meta.url)), 'benchmarks/results')
  mkdirSync(folder, { recursive: true })
  const args = process.argv.slice(2).filter((arg) => !arg.includes('/'))
  const command = `node benchmarks/dist/delta/${[script, ...args].join(' ')}`
  const result = { command, cores: cpus().length, load: loadavg()[0], ...figures }
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
}
