import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The worker's file: beside a bundle, or this package's index where it is built; in dist where a test runs it from its source. */
export function workerEntry(): string {
  const candidates = ['./worker.cjs', './worker.js', '../worker.js', '../../dist/worker.js']
  const found = candidates.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url))
  return fileURLToPath(found ?? new URL('../worker.js', import.meta.url))
}
