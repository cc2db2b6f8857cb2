import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtModule } from './testing/built-module.js'

const bin = fileURLToPath(new URL('../bin/deltaworks-batch.cjs', import.meta.url))

describe('promotion and backfill', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-promote-'))
  const at = (...parts: readonly string[]): string => join(folder, ...parts)
  const batch = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: folder })
    return { status, stdout, stderr }
  }
  const shop = ['--lakehouse', 'stock.mjs'] as const
  const run = (env: string, ...more: readonly string[]) =>
    batch('run', ...shop, '--env', env, '--root', env, '--landing', 'landing', '--quiet', ...more)
  const promote = (...more: readonly string[]) =>
    batch('promote', ...shop, '--from', 'dev', '--to', 'prod', '--root-from', 'dev', '--root-to', 'prod', ...more)
  const plan = () =>
    JSON.parse(promote('--dry-run', '--json').stdout) as { tables: unknown; configuration: unknown; problems: string[] }

  /** @param critical whether a rule fails that stops a run; @param least what the total is built from */
  const define = (least: number, rule = 'isComplete("id")', items = 'integer()'): void => {
    const module = (name: string, file?: string): string => JSON.stringify(builtModule(name, file))
    writeFileSync(
      at('stock.mjs'),
      `import { bigint, csvFiles, defineLakehouse, defineTable, integer, string } from ${module('lakehouse', 'definitions')}
import { agg, col, lit } from ${module('expression')}
const raw = defineTable({ name: 'stock', layer: 'raw', columns: { id: bigint(), items: ${items} }, source: csvFiles('stock_*.csv'),
  quality: (_, { hasCompleteness, isComplete }) => [${rule}] })
const total = defineTable({ name: 'total', layer: 'processed', columns: { items: ${items}.primaryKey(), rows: bigint() }, from: { raw },
  build: ({ raw }) => raw.filter(col('id').ge(lit(${least}))).groupBy(col('items')).agg({ rows: agg.count() }) })
export default defineLakehouse({ name: 'stock', description: 'For a test.', tables: [raw, total],
  configuration: { safeParse: (data) => ({ success: true, data }) }, environments: ${JSON.stringify(folder)} })
`,
    )
  }

  beforeAll(() => {
    mkdirSync(at('landing'))
    writeFileSync(at('landing', 'stock_20260101.csv'), 'id,items\n1,3\n2,4\n')
    writeFileSync(at('dev.json'), '{"limit": 1, "token": "abc"}')
    writeFileSync(at('prod.json'), '{"limit": 2, "token": "def", "operations": {"promotion": "required"}}')
    define(0)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('M-122: what was not promoted does not run; what was does; the plan tells definitions, schemas, configuration', () => {
    const refused = run('prod')
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/DW-LAKEHOUSE-0052.*stock, total were not.*promote --to prod/) as string,
    ])
    expect(promote()).toMatchObject({ status: 2, stderr: expect.stringMatching(/DW-LAKEHOUSE-0051/) as string })
    expect(run('dev').status).toBe(0)
    expect(plan()).toMatchObject({
      problems: [],
      tables: [
        { table: 'stock', definition: 'new', next: 'keep' },
        { table: 'total', definition: 'new', next: 'build' },
      ],
      configuration: [
        { key: 'limit', from: 1, to: 2 },
        { key: 'token', from: '••••', to: '••••' },
      ],
    })
    expect(run('prod').status).toBe(2)
    expect(promote('--commit', 'abc123')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/Promoted to prod/) as string,
    })
    const [record] = readdirSync(at('prod', 'operations', 'promotions'))
    expect(JSON.parse(readFileSync(at('prod', 'operations', 'promotions', record!), 'utf8'))).toMatchObject({
      commit: 'abc123',
      from: { environment: 'dev' },
      differences: ['limit', 'token'],
    })
    expect(run('prod')).toMatchObject({ status: 0, stderr: '' })
  })

  it('M-122: it refuses what the source has not run, breaking changes of raw tables, and failed quality', () => {
    define(2)
    expect(run('prod').stderr).toMatch(/DW-LAKEHOUSE-0052.*total was not/)
    expect(plan().problems).toEqual(['total: dev has not run this definition; run it there first'])
    expect(promote()).toMatchObject({ status: 2, stderr: expect.stringMatching(/DW-LAKEHOUSE-0053/) as string })
    expect(run('dev').status).toBe(0)
    expect(plan()).toMatchObject({
      problems: [],
      tables: [
        { definition: 'same', next: 'keep' },
        { definition: 'changed', next: 'build' },
      ],
    })
    expect(promote('--quiet').status).toBe(0)
    expect(run('prod').status).toBe(0)
    // A rule is compared, and one that the source has not run is judged by its tables.
    define(2, 'isComplete("items")')
    expect(run('prod').stderr).toMatch(/DW-LAKEHOUSE-0052.*stock was not/)
    expect(plan()).toMatchObject({
      problems: [],
      tables: [
        { table: 'stock', definition: 'same', rules: 'changed' },
        { table: 'total', definition: 'same', rules: 'same' },
      ],
    })
    define(2, 'hasCompleteness("items", 1).critical(), hasCompleteness("id", 2).named("twice").critical()')
    expect(plan().problems).toEqual(['stock: critical rule twice failed'])
    expect(promote()).toMatchObject({ status: 2, stderr: expect.stringMatching(/DW-LAKEHOUSE-0053/) as string })
    define(2, 'isComplete("id")', 'string()')
    expect(plan().problems.join()).toMatch(/stock: "items" is int in the table and string in the definition/)
    define(2)
  })

  it('N-07: a copy of the lake elsewhere, another process, zone and number of threads: the same hash of every table', () => {
    cpSync(at('dev'), at('elsewhere', 'copy'), { recursive: true })
    const [{ runId }] = readdirSync(at('dev', 'operations', 'manifests')).map((name) => ({
      runId: name.slice(0, -5),
    })) as [{ runId: string }]
    const args = [
      'replay',
      runId,
      '--lakehouse',
      at('stock.mjs'),
      '--root',
      'copy',
      '--into',
      'again',
      '--threads',
      '1',
    ]
    const replay = () =>
      spawnSync(process.execPath, [bin, ...args, '--json'], {
        encoding: 'utf8',
        cwd: at('elsewhere'),
        env: { ...process.env, TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' },
      })
    define(0)
    const { status, stdout, stderr } = replay()
    expect([status, stderr]).toEqual([0, ''])
    const { tables } = JSON.parse(stdout) as {
      tables: { table: string; how: string; equal: boolean; expected: string }[]
    }
    expect(tables.map(({ table, how, equal }) => [table, how, equal])).toEqual([
      ['stock', 'read', true],
      ['total', 'built', true],
    ])
    expect(tables.every(({ expected }) => /^2-[\da-f]{16}-[\da-f]{16}$/.test(expected))).toBe(true)
    define(0, 'isComplete("items")')
    expect(replay()).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/the rules of stock have changed/) as string,
    })
    define(2)
  })

  it('O-22: a backfill runs each day by itself, once, and goes on from a day that failed', () => {
    writeFileSync(at('landing', 'stock_20260102.csv'), 'id,items\n3,x\n4,y\n')
    writeFileSync(at('landing', 'stock_20260103.csv'), 'id,items\n5,5\n')
    const backfill = () =>
      batch(
        'backfill',
        ...shop,
        '--env',
        'dev',
        '--root',
        'filled',
        '--landing',
        'landing',
        '--from-date',
        '2026-01-01',
        '--to-date',
        '2026-01-03',
        '--files',
        'stock_{yyyymmdd}.csv',
      )
    const first = backfill()
    expect(first.status).toBe(1)
    expect(first.stderr).toMatch(/DW-LAKEHOUSE-0010/)
    writeFileSync(at('landing', 'stock_20260102.csv'), 'id,items\n3,3\n4,4\n')
    const again = backfill()
    expect([again.status, again.stderr]).toEqual([0, ''])
    expect(again.stdout).toMatch(/Run backfill-2026-01-01 has ended already/)
    const history = JSON.parse(batch('history', ...shop, '--env', 'dev', '--root', 'filled', '--json').stdout) as {
      runs: { runId: string; status: string; rowsIn: number }[]
    }
    const ended = history.runs
      .filter(({ status }) => status === 'succeeded')
      .map(({ runId, rowsIn }) => `${runId} ${rowsIn}`)
    expect(ended.sort()).toEqual(['backfill-2026-01-01 2', 'backfill-2026-01-02 2', 'backfill-2026-01-03 1'])
    expect(batch('backfill', '--from-date', '2026-02-30', '--to-date', '2026-03-01').stderr).toMatch(/DW-CLI-0001/)
  })
})
