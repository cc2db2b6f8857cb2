import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { exportLakehouse, loadConfiguration, runLakehouse, runRecorded } from '@deltaworks/lakehouse'
import { retail } from '@deltaworks/retail'
import { generateLanding } from '@deltaworks/sample-data'
import { openStore } from '@deltaworks/storage'
import { duckDbTarget } from '@deltaworks/warehouse'
import { chooseExport, type ChoiceOptions } from './chosen-export.js'

const bin = fileURLToPath(new URL('../bin/deltaworks-export.cjs', import.meta.url))

interface Loaded {
  readonly rowsLoaded: number
  readonly tables: readonly { readonly table: string; readonly rowCount: number; readonly reconciliation: unknown }[]
}

describe('deltaworks-export', () => {
  let folder: string
  const at = (...parts: readonly string[]) => join(folder, ...parts)
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: folder })
    return { status, stdout, stderr }
  }
  const duckdb = (...args: readonly string[]) => run('duckdb', '--root', 'lake', ...args)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-export-'))
    generateLanding({ out: at('landing'), scale: 0.05 })
    const session = Session.create()
    await runLakehouse({
      lakehouse: retail,
      configuration: loadConfiguration(retail.environments, 'dev', retail.configuration),
      session,
      root: `file://${at('lake')}`,
      landing: `file://${at('landing')}`,
      nowMicros: 1_767_225_600_000_000n,
    })
    await session.close()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('O-01: help', () => {
    const { status, stdout } = run('duckdb', '--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(/--target/)
  })

  it('O-02 W-26: a dry run prints the statements, and writes no file', () => {
    const { status, stdout } = duckdb('--dry-run', '--target', 'dry.duckdb')
    expect(status).toBe(0)
    expect(stdout).toMatch(/fact_transactions/)
    expect(existsSync(at('dry.duckdb'))).toBe(false)
  })

  it('W-22: an export is not resumed while it is still going on', async () => {
    const session = Session.create({ threads: 1 })
    const root = `file://${at('lake')}`
    const target = duckDbTarget(at('leased.duckdb'))
    const begun = target.begin.bind(target)
    let goOn!: () => void
    const waits = new Promise<void>((resolve) => (goOn = resolve))
    const reached = new Promise<void>((resolve) => {
      target.begin = async () => {
        resolve()
        await waits
        await begun()
      }
    })
    const task = { lakehouse: retail, session, root, nowMs: 1_767_225_600_000, only: ['dim_product'] }
    const other = duckDbTarget(at('other.duckdb'))
    try {
      const going = exportLakehouse({ ...task, target, loadId: 'a' })
      await reached
      const again = exportLakehouse({ ...task, target: other, loadId: 'a', resumed: true })
      await expect(again).rejects.toMatchObject({
        code: 'DW-LAKEHOUSE-0058',
        message: expect.stringMatching(/^The export a is still going on: process \d+ of .*wait for its end/),
      })
      expect(existsSync(at('other.duckdb'))).toBe(false)
      // Another export is not kept from it.
      expect(await exportLakehouse({ ...task, target: other, loadId: 'b' })).toMatchObject({ rowsLoaded: 82 })
      goOn()
      expect(await going).toMatchObject({ rowsLoaded: 82 })
      expect(await openStore(root).list('operations/leases')).toEqual([])
      expect(await exportLakehouse({ ...task, target, loadId: 'a', resumed: true })).toMatchObject({ rowsLoaded: 0 })
    } finally {
      await target.close()
      await other.close()
      await session.close()
    }
  })

  it('W-26 M-028: every table is loaded and reconciled; a second export loads nothing', () => {
    const first = duckdb('--target', 'w.duckdb', '--json')
    expect(first.stderr).toBe('')
    expect(first.status).toBe(0)
    const loaded = JSON.parse(first.stdout) as Loaded
    expect(loaded.tables.map((t) => t.table).sort()).toEqual(
      retail.tables
        .filter((t) => t.warehouse !== null)
        .map((t) => t.name)
        .sort(),
    )
    expect(loaded.tables.every((t) => t.reconciliation !== null)).toBe(true)
    expect(loaded.rowsLoaded).toBe(loaded.tables.reduce((sum, t) => sum + t.rowCount, 0))
    expect((JSON.parse(duckdb('--target', 'w.duckdb', '--json').stdout) as Loaded).rowsLoaded).toBe(0)
    expect(duckdb('--target', 'w.duckdb', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('W-10: what the warehouse has comes back as a Delta table, and reconciles', () => {
    expect(duckdb('--target', 'back.duckdb', '--tables', 'fact_transactions', '--quiet').status).toBe(0)
    const unload = (...args: readonly string[]) => duckdb('--target', 'back.duckdb', '--json', '--unload', ...args)
    const whole = unload('fact_transactions', '--into', 'back/facts')
    expect(whole.stderr).toBe('')
    const { rowCount, version, totalsCompared } = JSON.parse(whole.stdout) as Record<string, number>
    expect(rowCount).toBeGreaterThan(100)
    expect([version, totalsCompared! > 20]).toEqual([0, true])
    const query = 'SELECT customer_key, SUM(total_amount) AS spent FROM fact_transactions GROUP BY customer_key'
    expect(unload(query, '--into', 'back/spent').status).toBe(0)
    const again = unload(query, '--into', 'back/spent')
    expect(again.stderr).toMatch(/^\{.*DW-WAREHOUSE-0020.*is there already.*\}\n$/)
    expect(again.status).toBe(2)
    expect(JSON.parse(unload(query, '--into', 'back/spent', '--if-exists', 'overwrite').stdout)).toMatchObject({
      version: 1,
    })
    expect(JSON.parse(unload(query, '--into', 'back/spent', '--if-exists', 'append').stdout)).toMatchObject({
      version: 2,
    })
  })

  it('O-21: tables are exported at the version of a run, of a time, or their own; and then as they are published again', async () => {
    const session = Session.create({ threads: 1 })
    const root = `file://${at('versions')}`
    const published: number[] = []
    try {
      for (const [i, seed] of [3, 4].entries()) {
        generateLanding({ out: at(`landing-${seed}`), transactions: 60, customers: 20, seed })
        await runRecorded({
          lakehouse: retail,
          configuration: loadConfiguration(retail.environments, 'dev', retail.configuration),
          session,
          root,
          landing: `file://${at(`landing-${seed}`)}`,
          environment: 'dev',
          runId: `run-${i + 1}`,
          nowMicros: 1_767_225_600_000_000n + BigInt(i) * 86_400_000_000n,
        })
        published.push(Date.now())
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    } finally {
      await session.close()
    }
    const load = (...args: readonly string[]) => {
      const common = ['--root', 'versions', '--target', 'versions.duckdb', '--tables', 'dim_customer,fact_transactions']
      const { status, stdout, stderr } = run('duckdb', ...common, '--json', ...args)
      expect([status, stderr]).toEqual([0, ''])
      return (JSON.parse(stdout) as { tables: { table: string; deltaVersion: number; rowCount: number }[] }).tables
    }
    const newest = load()
    const ofRun = load('--run', 'run-1')
    const rowsOf = (tables: typeof newest) => tables.find(({ table }) => table === 'fact_transactions')!.rowCount
    expect(rowsOf(ofRun)).toBeLessThan(rowsOf(newest))
    expect(ofRun.every(({ deltaVersion }, i) => deltaVersion < newest[i]!.deltaVersion)).toBe(true)
    const told = (tables: typeof newest) =>
      tables.map(({ table, deltaVersion, rowCount }) => [table, deltaVersion, rowCount])
    expect(told(load('--as-of', new Date(published[0]!).toISOString()))).toEqual(told(ofRun))
    const facts = newest.find(({ table }) => table === 'fact_transactions')!
    const mixed = load('--run', 'run-1', '--table-version', `fact_transactions=${facts.deltaVersion}`)
    expect(mixed.map(({ deltaVersion }) => deltaVersion)).toEqual(
      ofRun.map((one) => (one.table === facts.table ? facts.deltaVersion : one.deltaVersion)),
    )
    expect(told(load())).toEqual(told(newest))
    const { status, stdout, stderr } = run('duckdb', '--root', 'versions', '--target', 'versions.duckdb', '--resume')
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^DW-CLI-0001: --resume .*every export into it has ended.*\n$/)
    await wrongChoices(root)
  })

  /** What cannot be exported, and what is said of it. */
  async function wrongChoices(root: string): Promise<void> {
    const session = Session.create({ threads: 1 })
    const target = duckDbTarget(at('none.duckdb'))
    const choosing = { lakehouse: retail, session, root, target, nowMs: Date.now() }
    const none = { tables: undefined, run: undefined, asOf: undefined, tableVersion: undefined, resume: false }
    const wrong = async (choice: Partial<ChoiceOptions>, message: RegExp) => {
      const options: ChoiceOptions = { ...none, mode: 'auto', drift: 'append', ...choice }
      await expect(chooseExport(options, choosing)).rejects.toThrow(message)
    }
    try {
      await wrong({ run: 'run-3' }, /no run run-3/)
      await wrong({ asOf: '2020-01-01T00:00:00Z' }, /no publication of .* that is kept is as old as 2020/)
      await wrong({ asOf: 'yesterday' }, /--as-of yesterday/)
      await wrong({ run: 'run-1', asOf: '2026-01-01T00:00:00Z' }, /--as-of .*give it or --run/)
      await wrong({ tableVersion: ['fact_transactions'] }, /--table-version .*like dim_product=12/)
      await wrong({ tableVersion: ['transactions=1'] }, /tables that go to a warehouse are/)
      await wrong({ resume: true }, /every export into it has ended/)
      await wrong({ resume: true, tables: 'dim_customer' }, /--tables .*--resume goes on with the tables/)
      expect(existsSync(at('none.duckdb'))).toBe(false)
    } finally {
      await target.close()
      await session.close()
    }
  }

  it('N-11: what was loaded is certified in the lake, once; what was not certified when it was loaded is compared again', async () => {
    const certified = async () => {
      const session = Session.create({ threads: 1 })
      try {
        const table = await DeltaTable.openIfExists(session, `file://${at('lake')}/quality/certified_loads`)
        if (table === null) return []
        const { rows } = await session.sql(
          "select table_name, load_id, delta_version, value from c where total = 'rowCount' order by table_name",
          { c: table.provider() },
        )
        return rows
      } finally {
        await session.close()
      }
    }
    const load = (...args: readonly string[]) => {
      const { status, stdout, stderr } = duckdb(
        '--target',
        'certified.duckdb',
        '--tables',
        'dim_date,dim_product',
        '--json',
        ...args,
      )
      expect([status, stderr]).toEqual([0, ''])
      return (JSON.parse(stdout) as Loaded).tables
    }
    try {
      const tables = load()
      expect(await certified()).toEqual([])
      expect(load('--certify').every(({ reconciliation }) => reconciliation === null)).toBe(true)
      const rows = await certified()
      const counts = tables.map(({ table, rowCount }) => [table, String(rowCount)]).sort()
      expect(rows.map(([table, , , value]) => [table, value])).toEqual(counts)
      expect(new Set(rows.map(([, loadId]) => loadId)).size).toBe(1)
      load('--certify')
      expect(await certified()).toEqual(rows)
    } finally {
      rmSync(at('lake', 'quality', 'certified_loads'), { recursive: true, force: true })
    }
  })

  it('M-079 M-080 M-081: the example of docs/training.md reads a version, tells segments, and writes them back', () => {
    const example = fileURLToPath(new URL('../../../docs/training/segments.mjs', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [example, at('lake'), '0'], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    const told = JSON.parse(stdout) as Record<string, number>
    expect(told).toMatchObject({ from: 0, version: 0 })
    expect(told['accuracy']!).toBeGreaterThan(0.5)
    expect(existsSync(at('lake', 'ml', 'segment_predictions_node', '_delta_log'))).toBe(true)
    rmSync(at('lake', 'ml'), { recursive: true })
  })

  it.each([
    ['a table that is not there', ['nowhere'], /DW-WAREHOUSE-0020: .*nowhere/],
    ['no place to write to', ['fact_transactions'], /DW-CLI-\d{4}: .*--into/],
    ['what is no query', ['DROP TABLE x', '--into', 'back/x'], /DW-CLI-\d{4}: .*--unload/],
  ])('W-10 O-03: unloading %s is one sentence, and writes nothing', (_, args, message) => {
    const { status, stderr, stdout } = duckdb(
      '--target',
      'back.duckdb',
      '--unload',
      ...args,
      ...(args.length > 1 ? [] : args[0] === 'nowhere' ? ['--into', 'back/n'] : []),
    )
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect([status, stdout]).toEqual([2, ''])
    expect(existsSync(at('back', 'n'))).toBe(false)
  })

  it.each([
    ['an unknown command', ['snowflake9']],
    ['an unknown option', ['duckdb', '--tagret', 'x']],
    ['a lake that is not there', ['duckdb', '--root', 'nowhere', '--target', 'nowhere.duckdb']],
  ])('O-03: %s ends with 2 and one sentence', (_, args) => {
    const { status, stdout, stderr } = run(...args)
    expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .+\n$/)
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(existsSync(at('nowhere.duckdb'))).toBe(false)
  })

  it('O-03 W-26: a target that is not DuckDB’s is one sentence, and stays as it is', () => {
    writeFileSync(at('text.duckdb'), 'this is not a database')
    const { status, stdout, stderr } = duckdb('--target', 'text.duckdb')
    expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .*text\.duckdb.*\n$/)
    expect([1, 2]).toContain(status)
    expect(stdout).toBe('')
    expect(readFileSync(at('text.duckdb'), 'utf8')).toBe('this is not a database')
  })

  it('O-03 W-26: a folder that cannot be written is one sentence', () => {
    const { status, stderr } = duckdb('--target', 'text.duckdb/inside.duckdb')
    expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .+\n$/)
    expect(status).toBe(1)
  })

  it('M-028: an export leaves the lake as it is', () => {
    const files = () =>
      readdirSync(at('lake'), { recursive: true, encoding: 'utf8' })
        // Its lease was there for a while.
        .filter((n) => !/^operations(\/leases)?$/.test(n))
        .map((n) => `${n} ${statSync(at('lake', n)).mtimeMs}`)
        .sort()
    const before = files()
    expect(duckdb('--target', 'again.duckdb', '--quiet').status).toBe(0)
    expect(files()).toEqual(before)
  })
})
