import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { loadConfiguration, runLakehouse } from '@deltaworks/lakehouse'
import { retail } from '@deltaworks/retail'
import { generateLanding } from '@deltaworks/sample-data'
import { duckDbTarget } from '@deltaworks/warehouse'
import { killRounds } from './kill-rounds.js'

describe('an export that is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-killed-export-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('W-22 O-21: the warehouse has the former version or the new one, whole, and never twice', async () => {
    generateLanding({ out: join(folder, 'landing'), scale: 0.05 })
    const session = Session.create()
    const root = `file://${join(folder, 'lake')}`
    const configuration = loadConfiguration(retail.environments, 'dev', retail.configuration)
    const landing = `file://${join(folder, 'landing')}`
    await runLakehouse({ lakehouse: retail, configuration, session, root, landing, nowMicros: 1_767_225_600_000_000n })
    const file = join(folder, 'warehouse.duckdb')
    const args = ['duckdb', '--target', file]
    const result = await killRounds({ session, root, args, open: () => duckDbTarget(file), kills: 1, seed: 11 })
    expect(result).toMatchObject({ failed: 0, rounds: 1 + result.done })
    expect(result.former + result.new).toBe(1)
    await session.close()
  }, 180_000)
})
