import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * `operation.js` as an app ships it: one file a thread, so that what is measured is the operation and not the loading of modules.
 * @returns its path in the folder
 */
export async function bundledOperation(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  const packages = '../../../packages'
  await build({
    entryPoints: { operation: own('operation.js'), worker: own(`${packages}/engine/dist/worker.js`) },
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    external: ['piscina', 'apache-arrow', 'parquet-wasm', 'libpg-query', '@duckdb/node-api'],
    // CommonJS that is bundled asks for its own modules of Node.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  copyFileSync(own(`${packages}/columnar/dist/kernels.wasm`), join(folder, 'kernels.wasm'))
  return join(folder, 'operation.js')
}
