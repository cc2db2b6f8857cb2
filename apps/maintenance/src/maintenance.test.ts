import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Session } from '@deltaworks/engine'
import { loadConfiguration, RunLease, runLakehouse } from '@deltaworks/lakehouse'
import { retail } from '@deltaworks/retail'
import { generateLanding } from '@deltaworks/sample-data'
import { openStore } from '@deltaworks/storage'

const bin = fileURLToPath(new URL('../bin/deltaworks-maintenance.cjs', import.meta.url))

interface Result {
  readonly table: string
  readonly operation: string
  readonly status: string
  readonly filesBefore: number
  readonly filesAfter: number
  readonly filesDeleted: number
  readonly paths: readonly string[]
}

describe('deltaworks-maintenance', () => {
  let folder: string
  const at = (...parts: readonly string[]) => join(folder, ...parts)
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: folder })
    return { status, stdout, stderr }
  }
  const results = (...args: readonly string[]) => {
    const { status, stdout, stderr } = run(...args, '--json')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    return (JSON.parse(stdout) as { results: readonly Result[] }).results
  }
  const dataFiles = (table: string) =>
    readdirSync(at('lake', table), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.parquet') && !name.includes('_delta_log'))
      .sort()
  const filesOf = () =>
    readdirSync(at('lake'), { recursive: true, encoding: 'utf8' })
      .map((name) => `${name} ${statSync(at('lake', name)).size} ${statSync(at('lake', name)).mtimeMs}`)
      .sort()

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-maintenance-'))
    const session = Session.create()
    const land = async (out: string, seed: number, customers: number) => {
      const landing = generateLanding({ out: at(out), seed, transactions: 200, customers })
      await runLakehouse({
        lakehouse: retail,
        configuration: loadConfiguration(retail.environments, 'dev', retail.configuration),
        session,
        root: `file://${at('lake')}`,
        landing: `file://${at(out)}`,
        nowMicros: 1_767_225_600_000_000n,
      })
      return landing
    }
    await land('landing', 1, 40)
    await land('landing', 2, 44)
    await session.close()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('O-01: help', () => {
    const { status, stdout } = run('--help')
    expect(status).toBe(0)
    for (const command of ['optimize', 'zorder', 'vacuum', 'checkpoint', 'run', 'log'])
      expect(stdout).toContain(command)
  })

  it.each([
    ['an unknown command', ['optimise']],
    ['an unknown option', ['optimize', '--dryrun']],
    ['an unknown table', ['optimize', 'cusomers', '--root', 'lake']],
    ['a lake that is not there', ['optimize', '--root', 'nowhere']],
    ['a retention that is none', ['vacuum', '--retain', 'week', '--root', 'lake']],
    ['a budget that is none', ['run', '--budget', 'much', '--root', 'lake']],
    ['an unknown table of the log', ['log', 'cusomers', '--root', 'lake']],
    ['a retention below the guard', ['vacuum', '--retain', '1', '--root', 'lake']],
  ])('O-03: %s ends with 2 and one sentence, and nothing is changed', (_, args) => {
    const before = filesOf()
    const { status, stdout, stderr } = run(...args)
    expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .+\n$/)
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(filesOf()).toEqual(before)
  })

  it('O-02 M-068: a dry run of OPTIMIZE writes nothing', () => {
    const before = filesOf()
    expect(results('optimize', '--root', 'lake', '--dry-run').length).toBeGreaterThan(0)
    expect(filesOf()).toEqual(before)
  })

  it('M-069 M-068: zorder and optimize put small files together; a second optimize finds nothing to do', () => {
    const zordered = results('zorder', 'customers', '--root', 'lake')
    expect(zordered).toMatchObject([{ table: 'customers', operation: 'zorder', status: 'done' }])
    expect(results('optimize', '--root', 'lake').every((r) => r.filesAfter <= r.filesBefore)).toBe(true)
    expect(results('optimize', '--root', 'lake').every((r) => r.status === 'nothing to do')).toBe(true)
  })

  it('M-070: vacuum keeps what is younger than the retention', () => {
    const before = dataFiles('raw/customers')
    expect(results('vacuum', 'customers', '--root', 'lake')).toMatchObject([
      { status: 'nothing to do', filesDeleted: 0 },
    ])
    expect(dataFiles('raw/customers')).toEqual(before)
  })

  it('M-070: a dry run lists exactly the unreferenced files, and vacuum deletes exactly these', () => {
    const before = dataFiles('raw/customers')
    const [listed] = results('vacuum', 'customers', '--root', 'lake', '--retain', '0', '--force', '--dry-run')
    expect(listed!.status).toBe('would run')
    expect(listed!.paths.length).toBeGreaterThan(0)
    expect(dataFiles('raw/customers')).toEqual(before)
    const [vacuumed] = results('vacuum', 'customers', '--root', 'lake', '--retain', '0', '--force')
    expect([...vacuumed!.paths].sort()).toEqual([...listed!.paths].sort())
    const after = dataFiles('raw/customers')
    expect(before.filter((name) => !after.includes(name)).sort()).toEqual(
      listed!.paths
        .map((path) => path.slice(path.indexOf('ingestion_date')))
        .map(decodeURIComponent)
        .sort(),
    )
  })

  it('M-068: checkpoints are written, and run does what the definitions ask for', () => {
    expect(results('checkpoint', 'customers', '--root', 'lake')).toMatchObject([{ status: 'done' }])
    expect(readdirSync(at('lake', 'raw/customers/_delta_log'))).toContain('_last_checkpoint')
    expect(run('run', '--root', 'lake', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('O-20: a budget leaves what does not fit; the log tells what was decided, and why', () => {
    const { status, stdout } = run('run', '--root', 'lake', '--budget', '0')
    expect(status).toBe(0)
    expect(stdout).not.toMatch(/ done /)
    const { stdout: table } = run('log', '--root', 'lake', '--all')
    expect(table).toMatch(/customers +checkpoint +(done|not due) .*commits since the checkpoint: \d+, due from 10 on/)
    const { decisions } = JSON.parse(run('log', '--root', 'lake', '--all', '--limit', '500', '--json').stdout) as {
      decisions: { table: string; decision: string; measured: number; threshold: number }[]
    }
    expect(new Set(decisions.map((one) => one.table)).size).toBe(retail.tables.length)
    const picked = decisions.filter(({ decision }) => decision !== 'not due')
    expect(picked.every(({ measured, threshold }) => measured >= threshold)).toBe(true)
    const left = decisions.filter(({ decision }) => decision === 'not due')
    expect(left.every(({ measured, threshold }) => measured < threshold)).toBe(true)
  })

  it('O-20: while one maintains the lake, another says so, ends with 0 and changes nothing', async () => {
    const store = openStore(`file://${at('lake')}`)
    const outcome = await RunLease.acquire(store, { runId: 'maintenance-a', name: 'maintenance' })
    if (outcome.kind !== 'held') throw new Error('nobody has the lease')
    const before = filesOf()
    for (const command of ['run', 'optimize', 'zorder', 'vacuum', 'checkpoint']) {
      const { status, stdout, stderr } = run(command, '--root', 'lake')
      expect([command, status, stderr]).toEqual([command, 0, ''])
      expect(stdout).toMatch(/^maintenance-a is going on since .*; nothing was done\.\n$/)
    }
    expect(filesOf()).toEqual(before)
    await outcome.lease.release()
    expect(run('checkpoint', 'customers', '--root', 'lake').stdout).toMatch(/customers +done/)
  })

  it('O-03: a root that is a file ends with one sentence', () => {
    writeFileSync(at('file'), '')
    const { status, stderr } = run('optimize', '--root', 'file')
    expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .+\n$/)
    expect([1, 2]).toContain(status)
  })
})
