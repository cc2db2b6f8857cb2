import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { loadConfiguration, runLakehouse } from '@deltaworks/lakehouse'
import { values } from '@deltaworks/plan'
import { retail } from '@deltaworks/retail'
import { generateLanding } from '@deltaworks/sample-data'
import { decimal, field, int32, schema, string } from '@deltaworks/schema'

const bin = fileURLToPath(new URL('../bin/deltaworks-console.cjs', import.meta.url))
const logFile = (table: string, version: number): string =>
  join(table, '_delta_log', `${String(version).padStart(20, '0')}.json`)

describe('deltaworks-console', () => {
  let folder: string
  const at = (...parts: readonly string[]) => join(folder, ...parts)
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: folder })
    return { status, stdout, stderr }
  }
  const rowsSchema = schema([field('id', int32), field('name', string), field('amount', decimal(10, 2))])

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-console-'))
    const session = Session.create()
    const first = values(rowsSchema, [
      [1, 'Ann', 150n],
      [2, null, -5n],
    ])
    const table = await DeltaTable.createWith(session, `file://${at('table')}`, first, {})
    const second = await table.append(values(rowsSchema, [[3, 'Zoë, "Z"', 0n]]), {})
    await second.append(values(rowsSchema, [[4, 'Bob', 1n]]), {})
    const feed = values(rowsSchema, [
      [1, 'Ann', 150n],
      [2, 'Bob', 0n],
    ])
    const properties = { 'delta.enableChangeDataFeed': 'true' }
    await (await DeltaTable.createWith(session, `file://${at('feed')}`, feed, { properties })).delete(null)
    generateLanding({ out: at('landing'), scale: 0.02 })
    await runLakehouse({
      lakehouse: retail,
      configuration: loadConfiguration(retail.environments, 'dev', retail.configuration),
      session,
      root: `file://${at('lake')}`,
      landing: `file://${at('landing')}`,
      nowMicros: 1_767_225_600_000_000n,
    })
    await session.close()
    writeFileSync(at('people.csv'), 'id,city\n1,Oslo\n3,Rome\n')
    writeFileSync(at('queries.sql'), 'select 1 as a; select 2 as b;')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('O-01: read prints the rows as a table, as JSON lines and as CSV', () => {
    const table = run('read', 'table')
    expect(table.status).toBe(0)
    expect(table.stdout).toMatch(/^id +name +amount\n─/)
    const json = run('read', 'table', '--format', 'jsonl')
    expect(json.stdout.trimEnd().split('\n').sort()).toEqual([
      '{"id":1,"name":"Ann","amount":"1.50"}',
      '{"id":2,"name":null,"amount":"-0.05"}',
      '{"id":3,"name":"Zoë, \\"Z\\"","amount":"0.00"}',
      '{"id":4,"name":"Bob","amount":"0.01"}',
    ])
    expect(run('read', 'table', '--json').stdout).toBe(json.stdout)
    const csv = run('read', 'table', '--format', 'csv', '--columns', 'id, name')
    expect(csv.stdout.split('\n')[0]).toBe('id,name')
    expect(csv.stdout).toContain('3,"Zoë, ""Z"""\n')
  })

  it('M-006: read shows an earlier version; one that is not there is an error', () => {
    const count = (version: number) =>
      run('read', 'table', '--format', 'jsonl', '--version', String(version)).stdout.trimEnd().split('\n').length
    expect([count(0), count(1), count(2)]).toEqual([2, 3, 4])
    const { status, stderr } = run('read', 'table', '--version', '9')
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .*9.*\n$/)
  })

  it('D-49: read --row-ids has the columns, null where the table does not track rows', () => {
    const lines = run('read', 'table', '--row-ids', '--columns', 'id,_row_id', '--format', 'jsonl').stdout
    expect(lines.trimEnd().split('\n').sort()[0]).toBe('{"id":1,"_row_id":null}')
  })

  it('D-47: changes prints the change data feed, as JSON lines without its times', () => {
    const lines = (...args: readonly string[]) =>
      run('changes', 'feed', ...args, '--format', 'jsonl')
        .stdout.trimEnd()
        .split('\n')
        .sort()
    const inserted = [
      '{"id":1,"name":"Ann","amount":"1.50","_change_type":"insert","_commit_version":0}',
      '{"id":2,"name":"Bob","amount":"0.00","_change_type":"insert","_commit_version":0}',
    ]
    const deleted = inserted.map((line) => line.replace('insert', 'delete').replace('version":0', 'version":1'))
    expect(lines('--from', '0')).toEqual([...deleted, ...inserted].sort())
    expect(lines('--from', '0', '--to', '0')).toEqual(inserted)
    expect(run('changes', 'feed', '--from', '1', '--format', 'csv').stdout.split('\n')[0]).toBe(
      'id,name,amount,_change_type,_commit_version,_commit_timestamp',
    )
    expect(run('changes', 'feed', '--from', '0', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('O-01 O-02: sql runs over the lake’s tables, tables by name and statements of a file', () => {
    const lake = run('sql', 'select count(*) as n from dim_calendar', '--root', 'lake', '--format', 'jsonl')
    expect(lake.stdout).toMatch(/^\{"n":\d{4}\}\n$/)
    const joined = run(
      'sql',
      'select t.id, p.city from t join p on t.id = cast(p.id as int) order by 1',
      '--table',
      't=table',
      '--table',
      'p=people.csv',
      '--format',
      'jsonl',
    )
    expect(joined).toEqual({ status: 0, stdout: '{"id":1,"city":"Oslo"}\n{"id":3,"city":"Rome"}\n', stderr: '' })
    const timed = run('sql', '--file', 'queries.sql', '--format', 'jsonl', '--timing')
    expect(timed.stdout).toBe('{"a":1}\n{"b":2}\n')
    const lines = timed.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { statement: number; rows: number; ms: number })
    expect(lines.map(({ statement, rows }) => [statement, rows])).toEqual([
      [1, 1],
      [2, 1],
    ])
    expect(run('sql', 'select 1', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('O-01 O-02: tables, describe and history as text and as JSON', () => {
    const tables = JSON.parse(run('tables', '--root', 'lake', '--json').stdout) as {
      tables: { table: string; version: number }[]
    }
    expect(tables.tables.map((t) => t.table).sort()).toEqual(retail.tables.map((t) => t.name).sort())
    expect(tables.tables.every((t) => t.version === 0)).toBe(true)
    expect(run('describe', 'fact_transactions', '--root', 'lake').stdout).toMatch(/order_month +string .*partition/)
    const described = JSON.parse(run('describe', 'dim_calendar', '--root', 'lake', '--json').stdout) as {
      columns: { column: string }[]
    }
    expect(described.columns[0]!.column).toBe('date_key')
    const { history } = JSON.parse(run('history', 'table', '--json').stdout) as { history: { version: number }[] }
    expect(history.map((e) => e.version)).toEqual([2, 1, 0])
    expect(run('history', 'table', '--limit', '1').stdout.trimEnd().split('\n')).toHaveLength(3)
    for (const command of [
      ['tables'],
      ['describe', 'fact_transactions'],
      ['history', 'fact_transactions'],
      ['read', 'table'],
    ]) {
      expect(run(...command, '--root', 'lake', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' })
    }
  })

  it.each([
    ['an unknown command', ['tabels']],
    ['an unknown option', ['read', 'table', '--colums', 'id']],
    ['no argument', ['read']],
    ['an unknown format', ['read', 'table', '--format', 'xml']],
    ['a version that is none', ['read', 'table', '--version', 'x']],
    ['changes from nowhere', ['changes', 'feed']],
    ['changes of no range', ['changes', 'feed', '--from', '7']],
    ['changes that were not recorded', ['changes', 'table', '--from', '0']],
    ['no query', ['sql']],
    ['a query file that is not there', ['sql', '--file', 'nothing.sql']],
    ['an unknown column', ['read', 'table', '--columns', 'nmae']],
    ['a syntax error', ['sql', 'selct 1']],
    ['an unknown table', ['sql', 'select * from nowhere']],
    ['an unknown column in SQL', ['sql', 'select idd from t', '--table', 't=table']],
    ['a table without a path', ['sql', 'select 1', '--table', 't']],
  ])('O-03: %s ends with 2 and one sentence', (_, args) => {
    const { status, stdout, stderr } = run(...args)
    expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .+\n$/)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(status).toBe(2)
    expect(stdout).toBe('')
  })

  describe('O-03: broken tables are one sentence and exit code 1 or 2, and stay as they are', () => {
    const filesOf = (path: string) =>
      readdirSync(path, { recursive: true, encoding: 'utf8' })
        .map((name) => `${name} ${statSync(join(path, name)).size} ${statSync(join(path, name)).mtimeMs}`)
        .sort()
    const broken = (name: string, change: (path: string) => void) => {
      cpSync(at('table'), at(name), { recursive: true })
      change(at(name))
    }
    const refused = (name: string, message: RegExp) => {
      const before = filesOf(at(name))
      for (const args of [
        ['read', name],
        ['sql', `select * from t`, '--table', `t=${name}`],
      ]) {
        const { status, stdout, stderr } = run(...args)
        expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .+\n$/)
        expect(stderr).toMatch(message)
        expect([1, 2]).toContain(status)
        expect(stdout).toBe('')
      }
      expect(filesOf(at(name))).toEqual(before)
    }

    it('O-03: a folder without a log', () => {
      broken('no-log', (path) => rmSync(join(path, '_delta_log'), { recursive: true }))
      const { status, stderr } = run('read', 'no-log')
      expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .*no-log.*\n$/)
      expect([1, 2]).toContain(status)
    })
    it('O-03: a folder with an empty log', () => {
      mkdirSync(at('empty-log', '_delta_log'), { recursive: true })
      const { status, stderr } = run('read', 'empty-log')
      expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .*empty-log.*\n$/)
      expect([1, 2]).toContain(status)
    })
    it('O-03: a folder that is not there', () => {
      const { status, stderr } = run('read', 'no-folder')
      expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .*no-folder.*\n$/)
      expect([1, 2]).toContain(status)
    })
    it('O-03: a log with a gap', () => {
      broken('gap', (path) => rmSync(logFile(path, 1)))
      refused('gap', /\b1\b/)
    })
    it('O-03: a log line that is not JSON', () => {
      broken('garbled', (path) => writeFileSync(logFile(path, 1), '{"add":{"path'))
      refused('garbled', /00000000000000000001\.json|version 1/)
    })
    it('O-03: an unknown reader feature', () => {
      broken('feature', (path) => {
        const protocol = {
          minReaderVersion: 3,
          minWriterVersion: 7,
          readerFeatures: ['timeShift'],
          writerFeatures: ['timeShift'],
        }
        writeFileSync(logFile(path, 3), `${JSON.stringify({ protocol })}\n`)
      })
      refused('feature', /timeShift/)
    })
    it('O-03: a truncated data file', () => {
      broken('cut', (path) => {
        for (const name of readdirSync(path).filter((n) => n.endsWith('.parquet'))) {
          writeFileSync(join(path, name), readFileSync(join(path, name)).subarray(0, 60))
        }
      })
      refused('cut', /\.parquet/)
    })
    it('O-03: a data file that is gone', () => {
      broken('gone', (path) => {
        for (const name of readdirSync(path).filter((n) => n.endsWith('.parquet'))) rmSync(join(path, name))
      })
      refused('gone', /\.parquet/)
    })
  })
})
