import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles an app's entry points and everything of ours that they import into dist/bundle: one folder of chunks beside the
 * worker and the kernels, so that a process opens a handful of files instead of hundreds. Libraries that are heavy, native or
 * start workers of their own stay outside and are loaded from node_modules when first needed.
 * usage: node tools/bundle.mjs <app folder>
 */
const app = resolve(process.argv[2] ?? '.')
const root = join(import.meta.dirname, '..')
const out = join(app, 'dist', 'bundle')
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
const worker = join(root, 'packages/engine/dist/worker.js')
await build({
  entryPoints: { main: join(app, 'dist/main.js'), ...(existsSync(worker) ? { worker } : {}) },
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'chunk-[hash]',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  external: ['piscina', 'apache-arrow', 'parquet-wasm', 'libpg-query', '@duckdb/node-api', 'fast-csv'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
copyFileSync(join(root, 'packages/columnar/dist/kernels.wasm'), join(out, 'kernels.wasm'))
cpSync(join(root, 'packages/retail/environments'), join(app, 'dist', 'environments'), { recursive: true })
