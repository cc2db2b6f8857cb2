import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileTable, rowsHash, Session, type SessionOptions } from '@deltaworks/engine'
import type { TableProvider } from '@deltaworks/plan'
import { commandLine } from '../command-line.js'
import { tableNames, tpchData } from '../tpch/tpch-data.js'

/*
 * node benchmarks/dist/determinism/run.js [--scale 0.1] [--data DIR] [--query N[,N]] [--spill-mib 48]
 *
 * TPC-H's queries on 1, 2, 4 and 16 threads, in memory and with rows on disk, compiled and interpreted: one hash of a query's
 * rows, in any order, whichever it is. Ends with 1 if two differ.
 */
const { values: options } = commandLine({
  options: {
    scale: { type: 'string', default: '0.1' },
    data: { type: 'string' },
    query: { type: 'string' },
    'spill-mib': { type: 'string', default: '48' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-determinism-'))
const spilled = { memoryBytes: Number(options['spill-mib']) * 1024 * 1024, spillFolder: folder }
const onWorkers = { inlineBytes: 0, morselBytes: 1_000_000 }
const ways: readonly [string, SessionOptions][] = [
  ['1 thread', { threads: 1 }],
  ['2 threads', { ...onWorkers, threads: 2 }],
  ['4 threads', { ...onWorkers, threads: 4 }],
  ['16 threads', { ...onWorkers, threads: 16 }],
  ['1 thread, on disk', { ...spilled, threads: 1 }],
  ['2 threads, on disk', { ...onWorkers, ...spilled, threads: 2 }],
  ['1 thread, interpreted', { threads: 1, expressions: 'interpreted' }],
  ['2 threads, compiled', { ...onWorkers, threads: 2, expressions: 'compiled' }],
]

async function main(): Promise<number> {
  const data = await tpchData({ scale: options.scale, format: 'parquet', folder: options.data })
  if (data === null) {
    process.stdout.write('skip TPC-H: duckdb-extension-tpch cannot be had from PyPI\n')
    return 0
  }
  const tables: Record<string, TableProvider> = {}
  for (const name of tableNames) tables[name] = await fileTable(data.tables[name], 'parquet')
  const chosen = options.query?.split(',').map(Number) ?? data.queries.map((_, i) => i + 1)
  const expected = new Map<number, string>()
  let differing = 0
  for (const [name, sessionOptions] of ways) {
    const session = Session.create(sessionOptions)
    try {
      const wrong: number[] = []
      for (const query of chosen) {
        const hash = rowsHash((await session.sql(data.queries[query - 1]!, tables)).rows)
        if (!expected.has(query)) expected.set(query, hash)
        else if (expected.get(query) !== hash) wrong.push(query)
      }
      differing += wrong.length
      process.stdout.write(`${name}: ${wrong.length === 0 ? 'the same' : `differs: ${wrong.join(', ')}`}\n`)
    } finally {
      await session.close()
    }
  }
  for (const [query, hash] of expected) process.stdout.write(`Q${query} ${hash}\n`)
  return differing === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
