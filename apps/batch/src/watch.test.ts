import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateLanding } from '@deltaworks/sample-data'

const bin = fileURLToPath(new URL('../bin/deltaworks-batch.cjs', import.meta.url))

interface Batch {
  readonly status?: string
  readonly files?: readonly string[]
  readonly rows?: number
  readonly stopped?: boolean
  readonly batches?: number
}

describe('deltaworks-batch run --watch, and reprocess', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-watch-'))
    generateLanding({ out: join(folder, 'all'), scale: 0.05 })
    mkdirSync(join(folder, 'landing'))
    for (const name of readdirSync(join(folder, 'all'))) {
      copyFileSync(join(folder, 'all', name), join(folder, 'landing', name))
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const places = ['--root', 'lake', '--landing', 'landing', '--json'] as const
  const batch = (...args: readonly string[]) =>
    spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: folder })

  it('M-012 M-013: new files are in the tables after the interval; SIGINT ends it between batches, with 0', async () => {
    const child = spawn(process.execPath, [bin, 'run', '--watch', '--interval', '0.1', ...places], { cwd: folder })
    const batches: Batch[] = []
    let stderr = ''
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    let text = ''
    const transactions = readdirSync(join(folder, 'landing')).find((name) => /transaction/i.test(name))!
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString()
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        batches.push(JSON.parse(text.slice(0, end)) as Batch)
        text = text.slice(end + 1)
        if (batches.length === 1) {
          const [header, , ...rows] = readFileSync(join(folder, 'all', transactions), 'utf8').split(/(?<=\r\n|\r|\n)/)
          // Whole when it appears, as whoever delivers files ought to do it.
          writeFileSync(join(folder, 'late'), `${header}${rows[0]!}`)
          renameSync(join(folder, 'late'), join(folder, 'landing', transactions.replace('.', '_late.')))
        } else if (batches.length === 2) child.kill('SIGINT')
      }
    })
    const [code] = await new Promise<[number | null]>((resolve) => child.once('close', (status) => resolve([status])))
    expect([code, stderr]).toEqual([0, ''])
    expect(batches[0]!.files!.length).toBeGreaterThan(2)
    expect(batches[1]).toMatchObject({ files: [transactions.replace('.', '_late.')], rows: 1 })
    expect(batches.at(-1)).toMatchObject({ stopped: true, batches: 2, failures: 0 })
    expect((JSON.parse(batch('run', ...places).stdout) as Batch).status).toBe('unchanged')
  })

  it('M-023: reprocess builds again from a version of a raw table, and the next run from the newest', () => {
    const args = ['reprocess', '--from', 'raw', '--root', 'lake', '--json'] as const
    const { status, stdout, stderr } = batch(...args, '--version', 'transactions=0')
    expect([status, stderr]).toEqual([0, ''])
    const { steps } = JSON.parse(stdout) as { readonly steps: readonly { step: string; status: string }[] }
    expect(steps.find(({ step }) => step === 'build fact_transactions')).toMatchObject({ status: 'written' })
    expect(steps.some(({ step }) => step.startsWith('ingest'))).toBe(false)
    expect((JSON.parse(batch('run', ...places).stdout) as Batch).status).not.toBe('unchanged')
    expect((JSON.parse(batch('run', ...places).stdout) as Batch).status).toBe('unchanged')
  })

  it.each<[string, readonly string[], RegExp]>([
    ['neither a version nor a time', ['reprocess'], /either --version or --at/],
    ['a version without a table', ['reprocess', '--version', '3'], /table=version/],
    ['a table that is not raw', ['reprocess', '--version', 'weekly=0'], /^DW-LAKEHOUSE-0032: .*weekly/],
    ['a clock for ever', ['run', '--watch', '--now', '2026-01-01T00:00:00Z'], /--now is for a single run/],
    ['an interval that is none', ['run', '--watch', '--interval', 'soon'], /--interval/],
    ['a queue that is none', ['run', '--watch', '--queue', 'sqs'], /^DW-STORAGE-0007: /],
  ])('O-03 M-012 M-023: %s ends with 2 and one sentence', (_, args, message) => {
    const { status, stdout, stderr } = batch(...args)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^[^\n]+\n$/)
    expect([status, stdout]).toEqual([2, ''])
  })
})
