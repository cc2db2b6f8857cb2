import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { testTimeout } from './jest.preset.mjs'

const root = import.meta.dirname
const folders = ['packages', 'apps', 'tools'].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => join(root, parent, name)),
)

/** All packages' tests in one run: each file goes to the next worker that is free, the slowest first. */
export default {
  projects: folders.filter((folder) => existsSync(join(folder, 'jest.config.mjs'))),
  testTimeout,
  testSequencer: join(root, 'tools/jest/slowest-first.mjs'),
  maxWorkers: '100%',
  // Jest keeps what a test file has loaded: a worker that has grown so large starts anew.
  workerIdleMemoryLimit: '1500MB',
}
