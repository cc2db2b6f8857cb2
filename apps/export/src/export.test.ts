import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Session } from '@deltaworks/engine'
import { loadConfiguration, runLakehouse } from '@deltaworks/lakehouse'
import { retail } from '@deltaworks/retail'
import { generateLanding } from '@deltaworks/sample-data'

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
        .map((n) => `${n} ${statSync(at('lake', n)).mtimeMs}`)
        .sort()
    const before = files()
    expect(duckdb('--target', 'again.duckdb', '--quiet').status).toBe(0)
    expect(files()).toEqual(before)
  })
})
