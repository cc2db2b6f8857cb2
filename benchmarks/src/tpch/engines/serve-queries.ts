import { createInterface } from 'node:readline'
import type { TableFormat, TableName } from '../tpch-data.js'

/** What an engine's process is told when it starts, as JSON in its first argument. */
export interface EngineRequest {
  readonly format: TableFormat
  readonly tables: Readonly<Record<TableName, string>>
  readonly threads: number
  /** `--memory` as bytes; null: the engine's own default. */
  readonly memoryBytes: number | null
}

/** A line of the engine's output, for each line with a query (a JSON string). */
export type EngineAnswer =
  | { readonly ms: number; readonly cpuMs: number; readonly rows: number; readonly analysis?: string }
  | { readonly error: string }

export interface QueryRunner {
  /** @returns how many rows */
  run(query: string): Promise<number>
  /** What the engine's operators did, as text. */
  analyze?(query: string): Promise<string>
  close(): Promise<void>
}

export const engineRequest = (): EngineRequest => JSON.parse(process.argv[2]!) as EngineRequest

/** Answers queries from standard input until that ends; a line that begins with `analyze ` is analysed. */
export async function serveQueries(runner: QueryRunner): Promise<void> {
  const answer = (line: EngineAnswer | { readonly ready: true }): void => {
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
  answer({ ready: true })
  for await (const line of createInterface({ input: process.stdin })) {
    const { query, analyze } = JSON.parse(line) as { readonly query: string; readonly analyze: boolean }
    const cpu = process.cpuUsage()
    const start = performance.now()
    try {
      if (analyze) {
        answer({ ms: 0, cpuMs: 0, rows: 0, analysis: (await runner.analyze?.(query)) ?? '' })
        continue
      }
      const rows = await runner.run(query)
      const ms = performance.now() - start
      const { user, system } = process.cpuUsage(cpu)
      answer({ ms, cpuMs: (user + system) / 1000, rows })
    } catch (error) {
      answer({ error: error instanceof Error ? error.message : String(error) })
    }
  }
  await runner.close()
}
