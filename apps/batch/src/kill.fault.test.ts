import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { countChanges, dieAt } from './kills/die-at.js'
import { builtModule } from './testing/built-module.js'

/** Points at which a run is killed, and a sixth of that streamed; DELTAWORKS_KILL_POINTS=200 for a long night. */
const points = Number(process.env['DELTAWORKS_KILL_POINTS'] ?? 5)
const files = 50
const linesOfFile = 40
const bin = fileURLToPath(new URL('../bin/deltaworks-batch.cjs', import.meta.url))

describe('kill -9 of an ingestion', () => {
  let folder: string
  let session: Session
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-kill-'))
    session = Session.create()
    mkdirSync(join(folder, 'landing'))
    for (let file = 0; file < files; file++) {
      // The last line of each is malformed.
      const rows = Array.from({ length: linesOfFile }, (_, line) => `${file * 1000 + line},${line % 7}`)
      writeFileSync(join(folder, 'landing', `stock_${file}.csv`), `id,items\n${rows.join('\n')}\nx,1\n`)
    }
    const lakehouse = JSON.stringify(builtModule('lakehouse', 'definitions'))
    const expression = JSON.stringify(builtModule('expression'))
    writeFileSync(join(folder, 'dev.json'), '{}')
    writeFileSync(
      join(folder, 'stock.mjs'),
      `import { bigint, csvFiles, defineLakehouse, defineTable, integer } from ${lakehouse}
import { agg, col } from ${expression}
const raw = defineTable({ name: 'stock', layer: 'raw', columns: { id: bigint(), items: integer() }, source: csvFiles('stock_*.csv') })
const total = defineTable({ name: 'total', layer: 'processed', columns: { items: integer().primaryKey(), rows: bigint() }, from: { raw },
  build: ({ raw }) => raw.groupBy(col('items')).agg({ rows: agg.count() }) })
export default defineLakehouse({ name: 'stock', description: 'For a test.', tables: [raw, total],
  configuration: { safeParse: (data) => ({ success: true, data }) }, environments: ${JSON.stringify(folder)} })
`,
    )
  })
  beforeAll(() => {
    writeFileSync(
      join(folder, 'streamed.mjs'),
      `import { Session } from ${JSON.stringify(builtModule('engine'))}
import { runRecorded } from ${JSON.stringify(builtModule('lakehouse'))}
import { pathToFileURL } from 'node:url'
import lakehouse from './stock.mjs'
const session = Session.create({ threads: 2, inlineBytes: 0, morselBytes: 2000 })
const uri = (path) => pathToFileURL(path).href
await runRecorded({ lakehouse, configuration: {}, environment: 'dev', session, root: uri(process.argv[2]), landing: uri('landing'),
  nowMicros: BigInt(Date.now()) * 1000n, inMemoryBytes: 0 })
await session.close()
`,
    )
  })
  afterAll(async () => {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const args = (lake: string): readonly string[] => {
    const places = ['--lakehouse', join(folder, 'stock.mjs'), '--landing', 'landing', '--root', lake]
    return [bin, 'run', '--quiet', ...places]
  }
  /** The same for a landing zone that does not stay in memory: what is read is written in the same pass, before it is committed. */
  const streamedArgs = (lake: string): readonly string[] => [join(folder, 'streamed.mjs'), lake]
  const rowsOf = async (path: string, ...columns: readonly string[]): Promise<readonly string[]> => {
    const table = await DeltaTable.open(session, join(folder, path))
    const { rows } = await session.collect(scan(table.provider()).select(...columns))
    return rows.map((row) => row.join(':')).sort()
  }
  const expected = (): string[] =>
    Array.from({ length: files }, (_, file) =>
      Array.from({ length: linesOfFile }, (_, line) => `${file * 1000 + line}:stock_${file}.csv:${line + 2}`),
    )
      .flat()
      .sort()

  it.each([
    ['in memory', points, args],
    ['streamed', Math.ceil(points / 6), streamedArgs],
  ])(
    `M-004 M-011 M-065: %s, at %i random points, then run again: every row once, by file and line`,
    async (_, points, args) => {
      const run = (lake: string, ...options: readonly string[]) =>
        spawnSync(process.execPath, [...options, ...args(lake)], { cwd: folder, encoding: 'utf8' })
      const counted = join(folder, 'changes')
      expect(run('whole', ...countChanges(counted)).stderr).toBe('')
      const changes = Number(readFileSync(counted, 'utf8'))
      let partly = 0
      for (let point = 0; point < points; point++) {
        const lake = `lake-${point}`
        // From the first write to a few before the last: runs differ by some.
        const at = 1 + Math.floor(0.95 * changes * ((point + Math.random()) / points))
        expect([at, run(lake, ...dieAt(at, Math.random() * 10)).signal]).toEqual([at, 'SIGKILL'])
        if ((await DeltaTable.openIfExists(session, join(folder, lake, 'quality/quarantine'))) !== null) partly++
        const again = run(lake)
        expect([again.status, again.stderr]).toEqual([0, ''])
        expect(await rowsOf(`${lake}/raw/stock`, 'id', 'source_file', 'source_line')).toEqual(expected())
        expect(await rowsOf(`${lake}/quality/quarantine`, 'source_file', 'source_line')).toEqual(
          Array.from({ length: files }, (_, file) => `stock_${file}.csv:${linesOfFile + 2}`).sort(),
        )
        expect(await rowsOf(`${lake}/processed/total`, 'items', 'rows')).toEqual(
          await rowsOf('whole/processed/total', 'items', 'rows'),
        )
        rmSync(join(folder, lake), { recursive: true })
      }
      rmSync(join(folder, 'whole'), { recursive: true })
      console.log(`killed ${points} times within ${changes} changes of files; ${partly} had committed something`)
    },
    Math.max(300_000, points * 30_000),
  )
})
