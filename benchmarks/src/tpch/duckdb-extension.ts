import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version } from '@duckdb/node-api'

/** Where the benchmarks keep what they download and generate. */
export const toolsFolder = fileURLToPath(new URL('../../../.tools', import.meta.url))

/**
 * The file of a DuckDB extension of the release that is installed, downloaded by pip if need be: DuckDB's own server may be
 * out of reach. Null if it cannot be had.
 */
export function duckDbExtension(name: 'tpch' | 'delta'): string | null {
  const release = version().replace(/^v/, '')
  const folder = join(toolsFolder, `duckdb-extension-${name}-${release}`)
  const find = (): string | null => {
    if (!existsSync(folder)) return null
    const found = readdirSync(folder, { recursive: true }).map(String)
    const file = found.find((path) => path.endsWith(`${name}.duckdb_extension`))
    return file === undefined ? null : join(folder, file)
  }
  const known = find()
  if (known !== null) return known
  mkdirSync(folder, { recursive: true })
  try {
    const pip = ['-m', 'pip', 'install', '-q', '--no-deps', '--target', folder, `duckdb-extension-${name}==${release}`]
    execFileSync('python3', pip, { stdio: 'pipe' })
  } catch {
    return null
  }
  return find()
}
