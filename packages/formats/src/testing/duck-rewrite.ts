import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** DuckDB as a reader and writer of Parquet files. */
export interface DuckRewrite {
  /** What DuckDB reads of a file, written by it; or why it does not. */
  rewrite(bytes: Uint8Array, options: string): Promise<Uint8Array | string>
  close(): void
}

export async function duckRewrite(): Promise<DuckRewrite> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await connection.run('set preserve_insertion_order = true')
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-duck-'))
  let count = 0
  return {
    async rewrite(bytes, options) {
      // New names: DuckDB remembers parts of files by name and time.
      const [from, to] = [join(folder, `${count}-from.parquet`), join(folder, `${count++}-to.parquet`)]
      writeFileSync(from, bytes)
      try {
        await connection.run(`copy (from read_parquet('${from}')) to '${to}' (format parquet, ${options})`)
        return new Uint8Array(readFileSync(to))
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      } finally {
        rmSync(from, { force: true })
        rmSync(to, { force: true })
      }
    },
    close() {
      connection.closeSync()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
