import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, stop } from 'esbuild'

/*
 * What tests import of other packages, from their dist as it is now, in a few dozen files instead of a thousand: Jest loads
 * every file again for every test file, which cost more than many tests. Worker threads get their code as one file.
 */

const root = join(import.meta.dirname, '../..')
const caches = join(root, 'node_modules/.cache/test-modules')
/** Of this run alone: others may be going on. */
const folder = join(caches, String(process.pid))
const worker = join(folder, 'worker.mjs')
const workerEntry = join(folder, 'worker-entry.js')

/** For `moduleNameMapper`: by the names that packages export, and the one module that finds the worker's file. */
export const workspaceModules = {
  '^@deltaworks/(.*)$': join(folder, '$1.js'),
  '^\\.{1,2}/(?:.*/)?worker-entry\\.js$': workerEntry,
}

/** `engine`, `lakehouse/testing`: the files of what the packages export. */
function exportedFiles() {
  const files = {}
  for (const parent of ['packages', 'apps', 'tools']) {
    for (const name of readdirSync(join(root, parent))) {
      const manifest = join(root, parent, name, 'package.json')
      if (!existsSync(manifest)) continue
      const { name: owner, exports = {} } = JSON.parse(readFileSync(manifest, 'utf8'))
      for (const [path, { default: file }] of Object.entries(exports))
        if (file?.endsWith('.js')) files[join(owner.replace('@deltaworks/', ''), path)] = join(root, parent, name, file)
    }
  }
  return files
}

/** Files that a module looks for beside itself are found as before. */
const keepsUrls = {
  name: 'keeps URLs',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/.*\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const url = JSON.stringify(pathToFileURL(path).href)
      return text.includes('import.meta.url') ? { contents: text.replaceAll('import.meta.url', url) } : null
    })
  },
}

/** All packages share their modules: one of them is never there twice. */
const ownModules = (files) => ({
  name: 'own modules',
  setup({ onResolve }) {
    onResolve({ filter: /^@deltaworks\// }, ({ path }) => ({ path: files[path.replace('@deltaworks/', '')] }))
    onResolve({ filter: /\/worker-entry\.js$/ }, () => ({ path: workerEntry }))
  },
})

/** Of runs that were killed. */
function deleteLeftModules() {
  for (const pid of readdirSync(caches)) {
    try {
      process.kill(Number(pid), 0)
    } catch {
      rmSync(join(caches, pid), { recursive: true, force: true })
    }
  }
}

/** Jest's `globalSetup`. */
export default async function bundleWorkspace() {
  mkdirSync(folder, { recursive: true })
  deleteLeftModules()
  writeFileSync(workerEntry, `export const workerEntry = () => ${JSON.stringify(worker)}\n`)
  const files = exportedFiles()
  const common = {
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    plugins: [ownModules(files), keepsUrls],
  }
  await Promise.all([
    build({ ...common, entryPoints: files, outdir: folder, splitting: true, sourcemap: true }),
    build({ ...common, entryPoints: [join(root, 'packages/engine/dist/worker.js')], outfile: worker }),
  ])
  await stop()
}

/** Jest's `globalTeardown`. */
export function deleteModules() {
  rmSync(folder, { recursive: true, force: true })
}
