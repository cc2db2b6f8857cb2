import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkFeatures } from './feature-matrix.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

function* testFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* testFiles(path)
    else if (entry.name.endsWith('.test.ts')) yield path
  }
}

const tests = new Map<string, string>()
for (const folder of ['packages', 'apps', 'tools']) {
  for (const path of testFiles(join(root, folder))) tests.set(relative(root, path), readFileSync(path, 'utf8'))
}
tests.delete(join('tools', 'features', 'src', 'feature-matrix.test.ts'))
const folder = join('docs', 'features')
const documents = new Map(
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => [join(folder, name), readFileSync(join(root, folder, name), 'utf8')]),
)
const { rows, problems } = checkFeatures(documents, tests)
for (const { place, message } of problems) console.error(`${place}: ${message}`)
const count = (status: string): number => rows.filter((row) => row.status === status).length
console.log(`${rows.length} features: ${count('done')} done, ${count('partial')} partial, ${count('planned')} planned`)
if (problems.length > 0) process.exitCode = 1
