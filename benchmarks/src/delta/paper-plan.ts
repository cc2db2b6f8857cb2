import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { commandLine } from '../command-line.js'
import { writePaperLog } from './paper-log.js'
import { writeResult } from './write-result.js'

/**
 * What a table that is too large for this machine would cost, computed from what is measured on a log of some thousand files.
 *   node benchmarks/dist/delta/paper-plan.js [--terabytes 10] [--file-mb 256] [--measured-files 100000]
 * The measured table has eight columns with statistics and a partition column; its data files are on paper only.
 */
const { values: options } = commandLine({
  options: {
    terabytes: { type: 'string', default: '10' },
    'file-mb': { type: 'string', default: '256' },
    'measured-files': { type: 'string', default: '100000' },
  },
})

const measuredFiles = Number(options['measured-files'])
const work = mkdtempSync(join(tmpdir(), 'deltaworks-paper-'))
const table = join(work, 'table')
writePaperLog(table, { commits: 20, filesACommit: measuredFiles / 20, partitioned: true })
const session = Session.create()

async function timed<T>(work: () => Promise<T>): Promise<readonly [result: T, ms: number]> {
  const start = performance.now()
  return [await work(), performance.now() - start]
}
const sizeOf = (suffix: string): number =>
  readdirSync(join(table, '_delta_log'))
    .filter((name) => name.endsWith(suffix))
    .reduce((sum, name) => sum + statSync(join(table, '_delta_log', name)).size, 0)

const logBytes = sizeOf('.json') / measuredFiles
const [fromCommits, commitsMs] = await timed(() => DeltaTable.open(session, table))
const [, checkpointMs] = await timed(() => fromCommits.checkpoint())
const checkpointBytes = sizeOf('.checkpoint.parquet') / measuredFiles
const [fromCheckpoint, readMs] = await timed(() => DeltaTable.open(session, table))
const perFile = {
  logBytes,
  checkpointBytes,
  memoryBytesFromCommits: fromCommits.snapshot.files.heldBytes / measuredFiles,
  memoryBytesFromCheckpoint: fromCheckpoint.snapshot.files.heldBytes / measuredFiles,
  readCommitsMicros: (commitsMs * 1000) / measuredFiles,
  writeCheckpointMicros: (checkpointMs * 1000) / measuredFiles,
  readCheckpointMicros: (readMs * 1000) / measuredFiles,
}
await session.close()
rmSync(work, { recursive: true, force: true })

const files = Math.ceil((Number(options.terabytes) * 1e12) / (Number(options['file-mb']) * 1e6))
const mb = (bytes: number): string => `${((bytes * files) / 1e6).toFixed(1)} MB`
const seconds = (micros: number): string => `${((micros * files) / 1e6).toFixed(2)} s`
const rows: readonly (readonly [string, string])[] = [
  ['data files', files.toLocaleString('en')],
  ['log, JSON of all commits', `${mb(logBytes)} (${logBytes.toFixed(0)} bytes a file)`],
  ['checkpoint', `${mb(checkpointBytes)} (${checkpointBytes.toFixed(0)} bytes a file)`],
  [
    'memory of a snapshot',
    `${mb(perFile.memoryBytesFromCheckpoint)} (${perFile.memoryBytesFromCheckpoint.toFixed(0)} bytes a file; ${perFile.memoryBytesFromCommits.toFixed(0)} when read from commits)`,
  ],
  ['a snapshot from the checkpoint', seconds(perFile.readCheckpointMicros)],
  ['a snapshot from the commits', seconds(perFile.readCommitsMicros)],
  ['writing the checkpoint', seconds(perFile.writeCheckpointMicros)],
]
console.log(`A table of ${options.terabytes} TB in files of ${options['file-mb']} MB`)
for (const [what, value] of rows) console.log(`${what.padEnd(34)} ${value}`)
writeResult(`delta-paper-${options.terabytes}tb`, 'paper-plan.js', {
  measuredFiles,
  perFile,
  plan: Object.fromEntries(rows),
})
