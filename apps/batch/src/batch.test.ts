import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateLanding, type LandingManifest } from '@deltaworks/sample-data'
import { dieAt } from './kills/die-at.js'
import { builtModule } from './testing/built-module.js'

const bin = fileURLToPath(new URL('../bin/deltaworks-batch.cjs', import.meta.url))
const now = '2026-01-01T00:00:00Z'

describe('deltaworks-batch', () => {
  let folder: string
  let planted: LandingManifest
  const at = (...parts: readonly string[]) => join(folder, ...parts)
  const batch = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: folder })
    return { status, stdout, stderr }
  }
  const run = (lake: string, landing: string, ...more: readonly string[]) =>
    batch('run', '--root', lake, '--landing', landing, '--now', now, ...more)

  /** Every file below a folder with its size and time. */
  const filesOf = (path: string): string[] =>
    !existsSync(path)
      ? []
      : statSync(path).isFile()
        ? [`${path} ${statSync(path).size}`]
        : readdirSync(path, { recursive: true, encoding: 'utf8' })
            .filter((name) => statSync(join(path, name)).isFile())
            .map((name) => `${name} ${statSync(join(path, name)).size} ${statSync(join(path, name)).mtimeMs}`)
            .sort()

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-batch-'))
    planted = generateLanding({ out: at('landing'), scale: 0.05 })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('O-01 O-02: help tells what there is and ends with 0', () => {
    const { status, stdout, stderr } = batch('--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(/run/)
    expect(stdout).toMatch(/validate/)
    expect(stderr).toBe('')
    const help = batch('run', '--help')
    expect(help.status).toBe(0)
    for (const option of ['--json', '--quiet', '--env', '--root', '--landing', '--now', 'Example'])
      expect(help.stdout).toContain(option)
  })

  it('M-001 O-03 O-05: a run ends with 0 and a summary; nothing is printed in a pipe but the result', () => {
    const { status, stdout, stderr } = run('lake', 'landing')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(/fact_transactions/)
    expect(stdout).not.toMatch(/\u001b\[/)
  })

  it('N-01: a run needs no other program: it works with an empty PATH', () => {
    const args = [bin, 'run', '--root', 'alone', '--landing', 'landing', '--quiet']
    const alone = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder, env: { PATH: '' } })
    expect([alone.status, alone.stdout, alone.stderr]).toEqual([0, '', ''])
  })

  it('M-004 M-011: a run that is killed leaves every table readable, and the next run ends where it would have', () => {
    interface Report {
      readonly tables: readonly { readonly table: string; readonly rowCount: number | null }[]
    }
    const rowsOf = (lake: string): unknown => {
      const { status, stdout } = run(lake, 'landing', '--json')
      expect(status).toBe(0)
      return (JSON.parse(stdout) as Report).tables.map(({ table, rowCount }) => [table, rowCount])
    }
    const undisturbed = rowsOf('lake')
    for (const change of [1, 30, 80]) {
      const lake = `killed-${change}`
      const args = [bin, 'run', '--root', lake, '--landing', 'landing', '--now', now]
      expect(spawnSync(process.execPath, [...dieAt(change, change % 7), ...args], { cwd: folder }).signal).toBe(
        'SIGKILL',
      )
      expect(rowsOf(lake)).toEqual(undisturbed)
      expect(batch('plan', '--root', lake, '--landing', 'landing').stdout).not.toMatch(/^(ingest|build)/m)
    }
  })

  it('M-011 O-02: a second run as JSON says that nothing has changed', () => {
    const before = filesOf(at('lake'))
    const { status, stdout, stderr } = run('lake', 'landing', '--json')
    expect(status).toBe(0)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({ status: 'unchanged' })
    expect(filesOf(at('lake'))).toEqual(before)
  })

  it('O-02: --quiet prints nothing', () => {
    expect(run('quiet', 'landing', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('O-06 M-090: a report is written as HTML, JSON and Markdown; the page needs nothing from elsewhere', () => {
    expect(run('reported', 'landing', '--quiet', '--report', 'reports').status).toBe(0)
    const files = readdirSync(at('reports')).sort()
    expect(files.map((name) => name.split('.').at(-1))).toEqual(['html', 'json', 'md'])
    const html = readFileSync(at('reports', files[0]!), 'utf8')
    // M-090: the queries of each step, with their plans and what operators did.
    const queries = html.slice(html.indexOf('<section id="queries">'))
    expect(queries).toMatch(/<summary>build fact_transactions<span>\d+ quer/)
    expect(queries).toMatch(/HashAggregate|Aggregate|Join/)
    expect(queries).toMatch(/rows \d+.*batches \d+/)
    expect(html).toMatch(/^<!doctype html>/i)
    expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)="?http/i)
    const json = JSON.parse(readFileSync(at('reports', files[1]!), 'utf8')) as { files: { sha256: string }[] }
    expect(json.files.every((file) => /^[0-9a-f]{64}$/.test(file.sha256))).toBe(true)
  })

  it('O-02 M-024: plan shows what a run would do, and writes nothing', () => {
    const { status, stdout } = batch('plan', '--root', 'nowhere', '--landing', 'landing', '--json')
    expect(status).toBe(0)
    const { steps } = JSON.parse(stdout) as { steps: { action: string; table: string }[] }
    expect(steps.find((s) => s.table === 'raw/transactions')).toMatchObject({ action: 'ingest' })
    expect(existsSync(at('nowhere'))).toBe(false)
    expect(batch('plan', '--root', 'lake', '--landing', 'landing').stdout).not.toMatch(/^(ingest|build)/m)
  })

  it('Q-30 Q-63: validate --data evaluates rules on the tables, also of a DQDL file, and reports', () => {
    run('validated', 'landing')
    writeFileSync(at('more.dqdl'), 'Rules = [ RowCount > 1, IsComplete "customer_key" ]')
    const options = ['--root', 'validated', '--table', 'fact_transactions', '--rules', 'fact_transactions=more.dqdl']
    const first = batch('validate', '--data', ...options, '--report', 'quality-reports')
    expect(first.stderr).toBe('')
    expect(first.status).toBe(0)
    expect(first.stdout).toContain('## fact_transactions')
    expect(readdirSync(at('quality-reports')).sort()).toEqual([
      'quality.html',
      'quality.json',
      'quality.junit.xml',
      'quality.md',
    ])
    const second = JSON.parse(batch('validate', '--data', ...options, '--json').stdout) as {
      tables: { rules: { rule: string; trend: number[] }[] }[]
    }
    const rows = second.tables[0]!.rules.find(({ rule }) => rule.endsWith('row_count'))!
    expect(rows.trend.length).toBe(2)
    writeFileSync(at('broken.dqdl'), 'Rules = [ RowCount >> 1 ]')
    const broken = batch('validate', '--data', '--root', 'validated', '--rules', 'fact_transactions=broken.dqdl')
    expect(broken.status).toBe(2)
    expect(broken.stderr).toContain('line 1, column 21')
    expect(batch('validate', '--data', '--table', 'moon').status).toBe(2)
  })

  it('M-011 O-02: a run and its plan take the landing files that are asked for, and again if asked', () => {
    const planned = (...more: readonly string[]) => {
      const { status, stdout } = batch('plan', '--root', 'chosen', '--landing', 'landing', '--json', ...more)
      expect(status).toBe(0)
      const { steps } = JSON.parse(stdout) as { steps: { action: string; table: string; reason: string }[] }
      return steps.filter((s) => s.action === 'ingest').map((s) => `${s.table}: ${s.reason}`)
    }
    expect(planned('--files', '*dates*')).toEqual(['raw/calendar: de_dates.csv is new'])
    expect(planned('--since', '2100-01-01T00:00:00Z')).toEqual([])
    expect(planned('--until', '2100-01-01T00:00:00Z')).toHaveLength(3)
    expect(run('chosen', 'landing', '--quiet').status).toBe(0)
    expect(planned()).toEqual([])
    expect(planned('--files', '*dates*', '--reprocess')).toEqual(['raw/calendar: de_dates.csv is asked for again'])
    const { status, stdout } = run('chosen', 'landing', '--files', '*dates*', '--reprocess', '--json')
    expect(status).toBe(0)
    const { files, tables } = JSON.parse(stdout) as {
      files: { state: string }[]
      tables: { table: string; rowCount: number }[]
    }
    expect(files.map((f) => f.state)).toEqual(['again'])
    expect(tables.find((t) => t.table === 'calendar')!.rowCount).toBe(planted.calendar.rows)
    const backwards = batch('run', '--since', '2026-01-02T00:00:00Z', '--until', '2026-01-01T00:00:00Z')
    expect([backwards.status, backwards.stderr]).toEqual([2, expect.stringMatching(/^DW-CLI-0001: .*--until/)])
  })

  it('M-065 N-03 O-03: quarantined rows are counted, found in their files, exported, released once and discarded', () => {
    expect(run('reviewed', 'landing', '--quiet').status).toBe(0)
    const review = (...args: readonly string[]) => batch('quarantine', ...args, '--root', 'reviewed')
    const waiting = (): number => {
      const { groups } = JSON.parse(review('list', '--json').stdout) as { groups: { rows: number }[] }
      return groups.reduce((sum, group) => sum + group.rows, 0)
    }
    const all = waiting()
    expect(all).toBeGreaterThan(2)
    expect(review('list').stdout).toMatch(/email:email/)
    expect(review('export', '--table', 'customers', '--limit', '2', '--out', 'rows.jsonl').status).toBe(0)
    const text = readFileSync(at('rows.jsonl'), 'utf8').trim().split('\n')
    const [first, second] = text.map((line) => JSON.parse(line) as { _id: string; email: string })
    expect(review('show', first!._id).stdout).toContain('not a valid e-mail address')
    const { rows } = JSON.parse(review('show', first!._id, '--json').stdout) as {
      rows: { sourceFile: string; sourceOffset: number }[]
    }
    const there = readFileSync(at('landing', rows[0]!.sourceFile)).subarray(rows[0]!.sourceOffset).toString()
    expect(there.split('\n')[0]).toContain(first!.email)
    expect(review('show', first!._id).stdout).toContain(`, byte ${rows[0]!.sourceOffset} (`)
    writeFileSync(at('rows.jsonl'), JSON.stringify({ ...first, email: 'someone@example.com' }))
    expect(review('release', '--from', 'rows.jsonl').stdout).toBe('1 row released.\n')
    expect(review('release', '--from', 'rows.jsonl').stdout).toBe('0 rows released; 1 row had been released before.\n')
    expect(review('discard', second!._id, '--reason', 'test data').stdout).toBe('1 row discarded.\n')
    expect(waiting()).toBe(all - 2)
    expect(run('reviewed', 'landing', '--quiet').status).toBe(0)
    expect(waiting()).toBe(all - 2)
    for (const args of [
      ['show', 'nothing'],
      ['release'],
      ['release', '--from', 'none.jsonl'],
      ['discard', first!._id],
      ['lst'],
    ]) {
      const { status, stdout, stderr } = review(...args)
      expect([args, status, stdout, stderr.trim().split('\n').length]).toEqual([args, 2, '', 1])
      expect(stderr).toMatch(/^DW-/)
    }
  })

  it('M-014 M-019: infer declares a table from its files, with how many rows fit', () => {
    const glob = '*customers*.csv'
    const { status, stdout, stderr } = batch('infer', glob, '--landing', 'landing', '--name', 'clients')
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^import \{ .*defineTable.* \} from '@deltaworks\/lakehouse\/definitions'\n/)
    expect(stdout).toContain("name: 'clients'")
    expect(stdout).toContain(`source: csvFiles('${glob}')`)
    const told = batch('infer', glob, '--landing', 'landing', '--out', 'clients.ts')
    expect(told.stdout).toMatch(new RegExp(`4 files, ${planted.customers.rows} rows`))
    expect(readFileSync(at('clients.ts'), 'utf8')).toContain('export const customers')
    const wrong = batch('infer', 'none*.csv', '--landing', 'landing')
    expect([wrong.status, wrong.stdout]).toEqual([2, ''])
    expect(batch('infer', glob, '--format', 'xml').status).toBe(2)
  })

  it('M-026: validate checks the definitions without data', () => {
    const { status, stdout } = batch('validate', '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ lakehouse: 'retail', valid: true })
  })

  it.each([
    ['an unknown command', ['runn']],
    ['an unknown option', ['run', '--lnading', 'x']],
    ['an option without its value', ['run', '--root']],
    ['a clock that is none', ['run', '--now', 'yesterday']],
    ['a memory size that is none', ['run', '--memory', 'lots']],
    ['no threads', ['run', '--threads', '0']],
    ['an unknown environment', ['validate', '--env', 'moon']],
    ['an unknown lakehouse', ['validate', '--lakehouse', './nothing.mjs']],
    ['nothing at all', []],
  ])('O-03: %s ends with 2 and one sentence', (_, args) => {
    const { status, stdout, stderr } = batch(...args)
    expect(status).toBe(2)
    if (args.length > 0) {
      expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .+\n$/)
      expect(stdout).toBe('')
    }
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('O-03: an error as JSON is one document on stderr', () => {
    const { status, stdout, stderr } = batch('run', '--now', 'yesterday', '--json')
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'DW-CLI-0001', fault: 'usage' } })
  })

  it('M-061 M-066 O-03 O-04: a failed critical rule ends with 3, and nothing is published', () => {
    mkdirSync(at('strict'))
    const text = `import { retail } from ${JSON.stringify(builtModule('retail'))}
export default { ...retail, environments: ${JSON.stringify(at('strict'))} }`
    writeFileSync(at('strict', 'shop.mjs'), text)
    const source = fileURLToPath(new URL('../environments/dev.json', builtModule('retail')))
    const configuration = JSON.parse(readFileSync(source, 'utf8')) as { quality: Record<string, unknown> }
    const quality = { ...configuration.quality, orphansAreCritical: true, orphanedTransactions: 0 }
    writeFileSync(at('strict', 'dev.json'), JSON.stringify({ ...configuration, quality }))
    const { status, stdout, stderr } = run('strict-lake', 'landing', '--lakehouse', 'strict/shop.mjs')
    expect(stderr).toBe('')
    expect(status).toBe(3)
    expect(stdout).toMatch(/every contact is a known customer/)
    expect(existsSync(at('strict-lake', 'analytics'))).toBe(false)
    expect(existsSync(at('strict-lake', 'processed'))).toBe(false)

    writeFileSync(at('strict', 'dev.json'), JSON.stringify({ ...configuration, qualty: quality }))
    const wrong = run('wrong-lake', 'landing', '--lakehouse', 'strict/shop.mjs')
    expect(wrong.status).toBe(2)
    expect(wrong.stderr).toMatch(/qualty/)
    expect(existsSync(at('wrong-lake'))).toBe(false)
  })

  describe('O-03 M-019: bad input is a sentence and exit code 1 or 2, and changes nothing on disk', () => {
    const transactions = 'de_shop_transactions_20230821.csv'
    const broken = (name: string, change: (text: string) => string | Uint8Array) => {
      cpSync(at('landing'), at(name), { recursive: true })
      writeFileSync(at(name, transactions), change(readFileSync(at('landing', transactions), 'utf8')))
    }
    const refused = (landing: string, message: RegExp) => {
      const { status, stdout, stderr } = run(`${landing}-lake`, landing)
      expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .+\n$/)
      expect(stderr).toMatch(message)
      expect(status).toBe(1)
      expect(stdout).toBe('')
      expect(existsSync(at(`${landing}-lake`))).toBe(false)
      // A lake that is there stays as it is.
      const before = filesOf(at('lake'))
      expect(run('lake', landing).status).toBe(1)
      expect(filesOf(at('lake'))).toEqual(before)
    }

    it('O-03 M-019: a missing column', () => {
      broken('missing', (text) => text.replaceAll(/^([^,\n]*,[^,\n]*,[^,\n]*),[^,\n]*/gm, '$1'))
      refused('missing', new RegExp(`${transactions}.*TOTAL_AMOUNT`))
    })
    it('O-03 M-019: a column too many', () => {
      broken('extra', (text) => text.replaceAll(/\n/g, ',x\n').replace('DEALSIZE,x', 'DEALSIZE,COLOUR') + ',x')
      refused('extra', new RegExp(`${transactions}.*COLOUR`))
    })
    it('O-03 M-019: an empty file', () => {
      broken('empty', () => '')
      refused('empty', new RegExp(transactions))
    })
    it('O-03 M-019: a file that is not CSV', () => {
      broken('binary', () => Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7_919 + (i >> 3)) % 256))
      refused('binary', new RegExp(transactions))
    })
    it('O-03 M-058 M-065: a type that does not fit is a quarantined row, and the run goes on', () => {
      broken('retyped', (text) => text.replace(/\n(\d+),\d+,/, '\n$1,many,'))
      const { status, stdout } = run('retyped-lake', 'retyped', '--json')
      expect(status).toBe(0)
      const { unparsableNumbers, tooFewFields, tooManyFields } = planted.transactions
      const { steps } = JSON.parse(stdout) as { steps: { step: string; rowsQuarantined: number }[] }
      const ingest = steps.find((s) => s.step === 'ingest transactions')!
      expect(ingest.rowsQuarantined).toBe(unparsableNumbers + tooFewFields + tooManyFields + 1)
    })
    it('O-03: no landing folder', () => {
      const { status, stderr } = run('none-lake', 'none')
      expect(stderr).toMatch(/^DW-[A-Z]+-\d{4}: .*none.*\n$/)
      expect([1, 2]).toContain(status)
      expect(existsSync(at('none-lake'))).toBe(false)
    })
    it('O-03: a root that cannot be written', () => {
      writeFileSync(at('file-lake'), 'a file')
      const { status, stderr, stdout } = run('file-lake', 'landing')
      expect(stderr).toMatch(/^DW-STORAGE-\d{4}: .*file-lake.*\n$/)
      expect(status).toBe(1)
      expect(stdout).toBe('')
      expect(readFileSync(at('file-lake'), 'utf8')).toBe('a file')
    })
    it('O-03: a lake whose table has a truncated data file', () => {
      cpSync(at('lake'), at('cut-lake'), { recursive: true })
      const table = at('cut-lake', 'raw', 'transactions')
      for (const name of readdirSync(table, { recursive: true, encoding: 'utf8' }).filter((n) =>
        n.endsWith('.parquet'),
      )) {
        const file = join(table, name)
        writeFileSync(file, readFileSync(file).subarray(0, 100))
      }
      cpSync(at('landing'), at('more'), { recursive: true })
      writeFileSync(
        at('more', 'de_shop_customers_20240801.csv'),
        readFileSync(at('landing', 'de_shop_customers_20240701.csv')),
      )
      const { status, stderr } = run('cut-lake', 'more')
      expect(stderr).toMatch(/^DW-FORMAT-\d{4}: .*\.parquet.*\n$/)
      expect(status).toBe(1)
    })
  })
})
