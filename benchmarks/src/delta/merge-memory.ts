import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { DeltaTable } from '@deltaworks/delta-table'
import { fileTable, Session } from '@deltaworks/engine'
import { col } from '@deltaworks/expression'
import { scan } from '@deltaworks/plan'
import { commandLine } from '../command-line.js'
import { writeResult } from './write-result.js'

/**
 * MERGE into a table many times larger than the memory that its session may use: every file is touched, some rows of each
 * are updated, some deleted, others inserted. What the table holds afterwards is compared with what DuckDB makes of the same.
 *   node benchmarks/dist/delta/merge-memory.js [--memory-mib 32] [--times 100] [--changed 10000] [--vectors] [--name NAME] [--work DIR]
 */
const { values: options } = commandLine({
  options: {
    'memory-mib': { type: 'string', default: '32' },
    times: { type: 'string', default: '100' },
    changed: { type: 'string', default: '10000' },
    vectors: { type: 'boolean', default: false },
    name: { type: 'string', default: 'delta-merge-memory' },
    work: { type: 'string', default: tmpdir() },
  },
})

const mib = 1024 * 1024
/** Of the text of a row, which is most of it. */
const rowBytes = 400
const memoryBytes = Number(options['memory-mib']) * mib
const rows = Math.ceil((memoryBytes * Number(options.times)) / rowBytes)
const files = Math.max(4, Math.ceil((rows * rowBytes) / (128 * mib)))
/** Every so-many-th row changes; a tenth as many are new. */
const step = Math.ceil(rows / Number(options.changed))

async function makeTable(connection: DuckDBConnection, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const each = Math.ceil(rows / files)
  for (let file = 0; file < files; file++) {
    const [low, high] = [file * each, Math.min(rows, (file + 1) * each)]
    const to = join(folder, `given-${String(file).padStart(5, '0')}.parquet`)
    await connection.run(
      `copy (select k, ${textOf('k')} as v, k % 7 as n from (select unnest(range(${low}, ${high})) as k)) to '${to}' (format parquet, row_group_size 4096)`,
    )
  }
}

const textOf = (key: string): string => `rpad('row ' || ${key} || ' ' || hash(${key}), ${rowBytes}, 'abcdefgh')`

/** Count and hash of all rows, whatever their order, as DuckDB sees them; and what it expects. */
async function digestOf(connection: DuckDBConnection, from: string): Promise<string> {
  const result = await connection.runAndReadAll(`select count(*), sum(hash(k, v, n)::hugeint) from (${from})`)
  return result.getRowsJson()[0]!.join(' ')
}

/** A query over the table's rows: its files, or what we read of them where DuckDB does not know which rows are deleted. */
async function rowsOf(session: Session, table: DeltaTable, paths: readonly string[]): Promise<string> {
  const list = paths.map((path) => `'${path}'`).join(', ')
  if (!options.vectors) return `select k, v, n from read_parquet([${list}])`
  const sink = { directory: '', partitionBy: [], compression: 'snappy', targetFileBytes: 256 * mib } as const
  await session.writeFiles(scan(table.provider()), { store: `file://${join(folder, 'out')}`, ...sink })
  return `select k, v, n from read_parquet('${join(folder, 'out')}/*.parquet')`
}

const folder = mkdtempSync(join(options.work, 'deltaworks-merge-memory-'))
try {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect()
  const target = join(folder, 'target')
  await makeTable(connection, target)
  const source = join(folder, 'source.parquet')
  const added = Math.ceil(rows / step / 10)
  await connection.run(
    `copy (select k, ${textOf('-k')} as v, hash(k) % 3 as n from (select unnest(range(0, ${rows}, ${step}) || range(${rows}, ${rows + added})) as k)) to '${source}' (format parquet, row_group_size 2048)`,
  )
  const session = Session.create({ threads: 2, memoryBytes, inlineBytes: 0 })
  const before = await DeltaTable.convert(session, target)
  const table = options.vectors ? await before.setProperties({ 'delta.enableDeletionVectors': 'true' }) : before
  const start = performance.now()
  const merged = await table.merge({
    source: scan(await fileTable(source, 'parquet')),
    on: ['k'],
    whenMatchedDelete: { condition: col('n', 'source').eq(0n) },
    whenMatchedUpdate: {},
    whenNotMatchedInsert: {},
  })
  const ms = performance.now() - start
  const peakMb = process.resourceUsage().maxRSS / 1024
  const live = [...merged.snapshot.files.values()]
  const figures = {
    memoryMib: memoryBytes / mib,
    tableMib: Math.round((rows * rowBytes) / mib),
    rows,
    filesBefore: files,
    filesAfter: live.length,
    vectors: options.vectors,
    ms: Math.round(ms),
    pool: {
      peakMib: Math.round(session.pool.peakBytes / mib),
      spilledMib: Math.round(session.spill.writtenBytes / mib),
    },
    processPeakMib: Math.round(peakMb),
    metrics: merged.lastWrite?.metrics ?? null,
  }
  const changed = `select k from read_parquet('${source}')`
  const expected = await digestOf(
    connection,
    `select k, v, n from read_parquet('${target}/given-*.parquet') where k not in (${changed})
     union all select k, v, n from read_parquet('${source}') where n <> 0 or k >= ${rows}`,
  )
  const found = await digestOf(
    connection,
    await rowsOf(
      session,
      merged,
      live.map((file) => join(target, file.path)),
    ),
  )
  await session.close()
  if (found !== expected) throw new Error(`the merged table holds ${found}, not ${expected}`)
  console.log(JSON.stringify(figures, null, 2))
  writeResult(options.name, 'merge-memory.js', figures)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
