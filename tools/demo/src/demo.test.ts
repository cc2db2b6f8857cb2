import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../bin/demo.cjs', import.meta.url))

describe('npm start', () => {
  let folder: string
  const start = () => spawnSync(process.execPath, [bin], { encoding: 'utf8', cwd: folder })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-demo-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it('O-01: runs the whole pipeline on sample data and ends with a summary and a page, again and again', () => {
    for (let round = 0; round < 2; round++) {
      const { status, stdout, stderr } = start()
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      for (const part of ['raw', 'processed', 'analytics', 'Quality', 'Quarantine', 'reconciled', 'Warehouse']) {
        expect(stdout).toContain(part)
      }
      expect(stdout).not.toContain('\n  maintenance\n')
    }
    const reports = readdirSync(join(folder, 'demo/reports'))
    expect(reports.map((name) => name.split('.').pop()).sort()).toEqual(['html', 'json', 'md'])
    const page = readFileSync(join(folder, 'demo/reports', reports.find((name) => name.endsWith('.html'))!), 'utf8')
    expect(page).not.toMatch(/(src|href)="https?:/)
    expect(existsSync(join(folder, 'demo/warehouse.duckdb'))).toBe(true)
  })

  it('leaves a folder alone that is not its own', () => {
    mkdirSync(join(folder, 'demo'))
    const { status, stderr } = start()
    expect(status).toBe(2)
    expect(stderr).toContain('npm start did not make it')
    expect(readdirSync(join(folder, 'demo'))).toEqual([])
  })
})
