import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scan } from '@deltaworks/plan'
import { Session } from '@deltaworks/engine'
import { DeltaTable } from './delta-table.js'

/* Several processes on one table, and processes that die: what is in the log is whole, or it is not there. */

const dist = new URL('../dist/index.js', import.meta.url).href
const session = Session.create()

/** A writer process: appends `count` commits of two rows (writer, i, half), telling after each. */
const writer = (folder: string, name: number, count: number, verb: 'append' | 'merge'): ChildProcess =>
  spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `
      import { DeltaTable } from '${dist}'
      const { Session } = await import('@deltaworks/engine')
      const { values } = await import('@deltaworks/plan')
      const { field, int32 } = await import('@deltaworks/schema')
      const schema = { fields: [field('writer', int32), field('i', int32), field('half', int32)] }
      const session = Session.create()
      let table = await DeltaTable.open(session, ${JSON.stringify(folder)})
      for (let i = 0; i < ${count}; i++) {
        const rows = values(schema, [[${name}, i, 0], [${name}, i, 1]])
        table = ${verb === 'append' ? 'await table.append(rows)' : "await table.merge({ source: rows, on: ['writer', 'i', 'half'], whenMatchedUpdate: {}, whenNotMatchedInsert: {}, maxRetries: 100 })"}
        process.stdout.write('.')
      }
      `,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: new URL('..', import.meta.url).pathname },
  )

const exited = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.on('exit', resolve))

async function newTable(): Promise<{ folder: string; table: DeltaTable }> {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-fault-'))
  const { field, int32 } = await import('@deltaworks/schema')
  const schema = { fields: [field('writer', int32), field('i', int32), field('half', int32)] }
  return { folder, table: await DeltaTable.create(session, folder, { schema }) }
}

async function rowsOf(table: DeltaTable): Promise<string[]> {
  const { rows } = await session.collect(scan((await table.refresh()).provider()))
  return rows.map((row) => row.join(' ')).sort()
}

describe('several processes', () => {
  it.each(['append', 'merge'] as const)(
    'D-02, D-03: 4 processes %s 12 times each: none lost, none twice',
    async (verb) => {
      const { folder, table } = await newTable()
      const codes = await Promise.all([0, 1, 2, 3].map((name) => exited(writer(folder, name, 12, verb))))
      expect(codes).toEqual([0, 0, 0, 0])
      const expected = [0, 1, 2, 3].flatMap((name) =>
        Array.from({ length: 12 }, (_, i) => [`${name} ${i} 0`, `${name} ${i} 1`]).flat(),
      )
      expect(await rowsOf(table)).toEqual(expected.sort())
      expect((await table.refresh()).version).toBe(48)
      rmSync(folder, { recursive: true })
    },
  )

  it('D-02: writers killed at any moment leave whole commits, and the table goes on', async () => {
    const { folder, table } = await newTable()
    for (let round = 0; round < 6; round++) {
      const child = writer(folder, round, 1000, 'append')
      let told = 0
      const ended = exited(child)
      await new Promise<void>((resolve) => {
        child.stdout!.on('data', (data: Buffer) => {
          told += data.length
          if (told > round * 5) {
            child.kill('SIGKILL')
            resolve()
          }
        })
      })
      await ended
      const rows = (await rowsOf(table)).filter((row) => row.startsWith(`${round} `))
      const commits = new Set(rows.map((row) => row.split(' ')[1]))
      expect(rows).toHaveLength(commits.size * 2)
      expect(commits.size).toBeGreaterThanOrEqual(told)
      expect([...commits].map(Number).sort((a, b) => a - b)).toEqual([...commits].map((_, i) => i))
    }
    const last = await table.refresh()
    const { files } = last.snapshot
    const vacuumed = await last.vacuum({ retentionMs: 0, allowShortRetention: true, nowMs: Date.now() + 60_000 })
    expect(vacuumed.paths.length).toBeLessThanOrEqual(6)
    expect((await last.refresh()).snapshot.files.size).toBe(files.size)
    rmSync(folder, { recursive: true })
  })
})
