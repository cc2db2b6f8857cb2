import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { killRuns } from './kill-runs.js'
import { raceSchedulers } from './race-schedulers.js'
import { ShopLake } from './shop-lake.js'

/** Small here; `npm run soak:runs` kills a hundred, and races fifty times. */
describe('whole runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-kills-'))
  const session = Session.create()
  let shop: ShopLake
  beforeAll(async () => {
    shop = await ShopLake.make(folder, 0.02)
  }, 300_000)
  afterAll(async () => {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('N-02 M-134: killed at any moment and gone on with, a run ends in the same tables; readers see all of it or nothing', async () => {
    // Of each pair the first says where, the second how long the threads go on.
    const places = [0.1, 0, 0.4, 1, 0.7, 0, 0.9, 1]
    const killed = await killRuns(shop, session, places.length / 2, () => places.shift()!)
    expect(killed.problems).toEqual([])
    expect(killed.killed).toBe(4)
    expect(killed.looks).toBeGreaterThan(20)
    expect(killed.after).toBeGreaterThan(0)
  }, 300_000)

  it('O-22: two schedulers at the same moment: one runs, the other says so', async () => {
    expect(await raceSchedulers(shop, session, 2)).toEqual({ rounds: 2, problems: [] })
  }, 300_000)
})
