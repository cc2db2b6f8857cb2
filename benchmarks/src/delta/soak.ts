import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { commandLine } from '../command-line.js'
import { checkSoak, parseSoakLog, type SoakLine } from './check-soak.js'
import { soakSchema } from './soak-schema.js'
import { writeResult } from './write-result.js'

/**
 * Processes that append, merge, delete and optimize one table, half of which are killed (SIGKILL) at random and started again.
 *   node benchmarks/dist/delta/soak.js [--minutes 10] [--processes 16] [--table URI] [--kill-every 700] [--name disk]
 * What the table holds at the end is compared with what the writers were told; and at all times a reader opens every new
 * version. --table takes s3:// as well (with DELTAWORKS_STORAGE or AWS_… set); the folder must be new.
 */
const { values: options } = commandLine({
  options: {
    minutes: { type: 'string', default: '10' },
    processes: { type: 'string', default: '16' },
    table: { type: 'string' },
    'kill-every': { type: 'string', default: '700' },
    name: { type: 'string', default: 'disk' },
  },
})

const work = mkdtempSync(join(tmpdir(), 'deltaworks-soak-'))
const uri = options.table ?? join(work, 'table')
const writerFile = fileURLToPath(new URL('./soak-writer.js', import.meta.url))
const kinds = ['append', 'merge', 'delete', 'append', 'merge', 'delete', 'merge', 'optimize'] as const

class Writer {
  readonly log: string
  readonly isVictim: boolean
  #child: ChildProcess | null = null
  readonly index: number
  readonly kind: string
  kills = 0
  failures = 0

  constructor(index: number, kind: string) {
    this.index = index
    this.kind = kind
    this.log = join(work, `writer-${index}.log`)
    // One half of each kind.
    this.isVictim = Math.floor(index / kinds.length) % 2 === 0
  }

  lines(): readonly SoakLine[] {
    return existsSync(this.log) ? parseSoakLog(readFileSync(this.log, 'utf8')) : []
  }

  start(): void {
    const first = Math.max(-1, ...this.lines().map(({ i }) => i)) + 1
    const child = spawn(process.execPath, [writerFile, uri, this.log, String(this.index), String(first), this.kind], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    this.#child = child
    child.on('exit', (code) => {
      if (code !== null && code !== 0) this.failures++
      if (this.#child === child) this.#child = null
    })
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
    this.kills++
  }
}

/** What one operation puts must be seen together or not at all, in whatever version. */
function tornPairs(rows: readonly (readonly unknown[])[]): readonly string[] {
  const pairs = new Map<string, number>()
  for (const [writer, i] of rows) {
    const key = `${String(writer)} ${String(i)}`
    pairs.set(key, (pairs.get(key) ?? 0) + 1)
  }
  return [...pairs].filter(([, count]) => count !== 2).map(([pair, count]) => `${count} rows of ${pair}`)
}

const session = Session.create()
const created = await DeltaTable.create(session, uri, {
  schema: soakSchema,
  properties: { 'delta.enableDeletionVectors': 'true' },
})
const writers = Array.from({ length: Number(options.processes) }, (_, i) => new Writer(i, kinds[i % kinds.length]!))
for (const writer of writers) writer.start()

const endMs = Date.now() + Number(options.minutes) * 60_000
let nextScanMs = 0
let nextKillMs = Date.now() + 5000
let latest = created
let versionsRead = 0
const problems: string[] = []
while (Date.now() < endMs) {
  try {
    const next = await latest.refresh()
    if (next.version < latest.version) problems.push(`version ${next.version} was read behind ${latest.version}`)
    // Once from the log alone, as somebody reads it who comes now.
    const cold = await DeltaTable.open(session, uri, { version: next.version })
    if (cold.snapshot.files.size !== next.snapshot.files.size) problems.push(`version ${next.version} reads two ways`)
    versionsRead++
    if (Date.now() > nextScanMs) {
      nextScanMs = Date.now() + 10_000
      for (const problem of tornPairs((await session.collect(scan(cold.provider()))).rows)) {
        problems.push(`version ${next.version} has ${problem}`)
      }
    }
    latest = next
  } catch (error) {
    problems.push(
      `version behind ${latest.version} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  if (Date.now() > nextKillMs && endMs - Date.now() > 3000) {
    nextKillMs = Date.now() + Number(options['kill-every'])
    const victims = writers.filter(({ isVictim }) => isVictim)
    const victim = victims[Math.floor(Math.random() * victims.length)]!
    await victim.kill()
    victim.start()
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
}
await Promise.all(writers.map((writer) => writer.kill()))

const last = await latest.refresh()
const { rows } = await session.collect(scan(last.provider()))
const checked = checkSoak(
  rows.map((row) => row.map(Number)),
  writers.map((writer) => writer.lines()),
)
problems.push(...checked.problems)
const kills = writers.reduce((sum, { kills: k, isVictim }) => sum + (isVictim ? k : 0), 0)
const failures = writers.reduce((sum, { failures: f }) => sum + f, 0)
if (failures > 0) problems.push(`${failures} writers ended with an error; see the lines "error" of ${work}`)
console.log(
  `${writers.length} processes, ${options.minutes} min: version ${last.version}, ${checked.acknowledged} operations acknowledged, ` +
    `${checked.unknown} cut off, ${checked.refused} refused, ${kills} killed, ${versionsRead} versions read whole, ${problems.length} problems`,
)
for (const problem of problems.slice(0, 20)) console.log(problem)
writeResult(`delta-soak-${options.name}`, 'soak.js', {
  minutes: Number(options.minutes),
  processes: writers.length,
  versions: last.version,
  acknowledged: checked.acknowledged,
  cutOff: checked.unknown,
  refused: checked.refused,
  killed: kills,
  versionsRead,
  problems: problems.length,
})
await session.close()
if (problems.length === 0) rmSync(work, { recursive: true, force: true })
process.exit(problems.length === 0 ? 0 : 1)
