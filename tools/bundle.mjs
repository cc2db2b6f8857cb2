import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles an app and everything of ours that it imports into dist/bundle: one file, the worker's file, the kernels, and V8's
 * code cache from a run of the app with the given arguments. A process then opens a handful of files and compiles next to
 * nothing. Libraries that are heavy, native or start workers of their own stay outside and are loaded when first needed.
 * usage: node tools/bundle.mjs <app folder> [arguments; {landing} is a folder of sample data, {temp} an empty one]
 */
const [folder = '.', ...exercise] = process.argv.slice(2)
const app = resolve(folder)
const root = join(import.meta.dirname, '..')
const out = join(app, 'dist', 'bundle')
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
/** Node's child_process takes 3 ms to load; what imports it here (commander) seldom uses it. */
const lateChildProcess = {
  name: 'late child_process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path, namespace }) =>
      namespace === 'late' ? { path, external: true } : { path, namespace: 'late' },
    )
    onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require('${path}')[name] })`,
    }))
  },
}
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Names are kept: errors and stacks of --debug are read by people.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  external: [
    'piscina',
    'apache-arrow',
    'parquet-wasm',
    'libpg-query',
    '@duckdb/node-api',
    'fast-csv',
    'pg',
    'pg-copy-streams',
    '@aws-sdk/client-redshift-data',
    'snowflake-sdk',
    '@opentelemetry/*',
  ],
  logLevel: 'warning',
  plugins: [lateChildProcess],
}
/** One script, which launch.cjs gives what it needs of Node, and an import() to use. */
async function bundle(entry, name) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [entry],
    format: 'cjs',
    write: false,
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  })
  const script = outputFiles[0].text.replaceAll(/(?<![\w.$])import\(/g, '__import(')
  writeFileSync(join(out, `${name}.script.cjs`), `(function (require, __import, __filename, module) {${script}\n})`)
}
await bundle(join(app, 'dist/main.js'), 'main')
await bundle(join(root, 'packages/engine/dist/worker.js'), 'worker')
copyFileSync(join(root, 'packages/columnar/dist/kernels.wasm'), join(out, 'kernels.wasm'))
for (const file of ['launch.cjs', 'main.cjs', 'worker.cjs'])
  copyFileSync(join(root, 'tools/launch', file), join(out, file))
cpSync(join(root, 'packages/retail/environments'), join(app, 'dist', 'environments'), { recursive: true })
writeCodeCache(exercise.length === 0 ? ['--help'] : exercise)

/** @throws Error if the app does not run to its end: then its bundle is of no use */
function writeCodeCache(args) {
  const temp = mkdtempSync(join(tmpdir(), 'deltaworks-bundle-'))
  try {
    const landing = join(temp, 'landing')
    const generator = join(root, 'tools/sample-data/dist/main.js')
    if (args.some((arg) => arg.includes('{landing}')) && existsSync(generator)) {
      execute([generator, '--out', landing, '--scale', '1'], temp)
    }
    const given = args.map((arg) => arg.replace('{landing}', landing).replace('{temp}', temp))
    execute([join(root, 'tools/launch/write-code-cache.cjs'), out, ...given], temp)
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
}

function execute(args, cwd) {
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stderr}`)
}
