import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { killRuns } from './kill-runs.js'
import { raceSchedulers } from './race-schedulers.js'
import { ShopLake } from './shop-lake.js'

/*
 * node apps/batch/dist/kills/main.js [--points 100] [--rounds 50] [--scale 0.05] [--seed 1]
 *
 * Kills whole runs at random moments and goes on with them, while readers look at the lake; then starts runs two at a time.
 */

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}

/** xorshift32: [0, 1). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-kills-'))
const session = Session.create()
const progress = (what: string) => (n: number) => void process.stderr.write(n % 10 === 0 ? `${what} ${n}\n` : '')
try {
  const shop = await ShopLake.make(folder, option('scale', 0.05))
  const killed = await killRuns(shop, session, option('points', 100), randomOf(option('seed', 1)), progress('killed'))
  const raced = await raceSchedulers(shop, session, option('rounds', 50), progress('raced'))
  process.stdout.write(`${JSON.stringify({ killed, raced }, null, 2)}\n`)
  if (killed.problems.length + raced.problems.length > 0) process.exitCode = 1
} finally {
  await session.close()
  rmSync(folder, { recursive: true, force: true })
}
