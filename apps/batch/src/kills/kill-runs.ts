import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Session } from '@deltaworks/engine'
import { countChanges, dieAt } from './die-at.js'
import { hashesOf, look, type ShopLake, type Sight } from './shop-lake.js'

export interface KilledRuns {
  readonly points: number
  /** Runs that were killed before they ended by themselves. */
  readonly killed: number
  /** Looks that readers took, and how many of them saw the second run. */
  readonly looks: number
  readonly after: number
  /** What went wrong, in words; empty: nothing. */
  readonly problems: readonly string[]
}

const pollMs = 3
/** Threads of a run go on for up to so long when its main thread has stopped. */
const pauseMs = 10

/**
 * Kills a run at random places in what it writes, while readers look at the lake, and goes on with it: its tables must be those of an
 * undisturbed run, and readers must have seen all of a run or nothing of it.
 */
export async function killRuns(
  shop: ShopLake,
  session: Session,
  points: number,
  random: () => number,
  told: (point: number) => void = () => undefined,
): Promise<KilledRuns> {
  const undisturbed = shop.copy('undisturbed')
  const counted = join(shop.folder, 'changes')
  await shop.finished(shop.start(undisturbed, { nodeOptions: countChanges(counted) }))
  const changes = Number(readFileSync(counted, 'utf8'))
  const expected = await hashesOf(session, undisturbed)
  const sights = { before: await look(session, shop.base), after: await look(session, undisturbed) }
  const problems: string[] = []
  const counts = { killed: 0, looks: 0, after: 0 }
  for (let point = 0; point < points; point++) {
    const lake = shop.copy('killed')
    const at = 1 + Math.floor(random() * changes)
    const ended = shop.ended(shop.start(lake, { nodeOptions: dieAt(at, random() * pauseMs) }))
    let alive = true
    const reading = (async () => {
      // The last look is taken when all is done.
      for (let last = false; !last;) {
        last = !alive
        const sight = await look(session, lake)
        counts.looks++
        if (sight.publication?.runId === 'second') counts.after++
        const problem = unlike(sight, sights)
        if (problem !== null) problems.push(`point ${point}: a reader saw ${problem}`)
        await new Promise((resolve) => setTimeout(resolve, pollMs))
      }
    })()
    if ((await ended).status === null) counts.killed++
    await shop.resume(lake)
    alive = false
    await reading
    const hashes = await hashesOf(session, lake)
    for (const path of Object.keys(expected)) {
      if (hashes[path] !== expected[path])
        problems.push(`point ${point}: ${path} is ${hashes[path] ?? 'not there'}, not ${expected[path]!}`)
    }
    rmSync(lake, { recursive: true, force: true })
    told(point + 1)
  }
  return { points, ...counts, problems }
}

/** How a sight is neither that of before the run nor that of after it; null: it is one of them. */
function unlike(sight: Sight, { before, after }: { readonly before: Sight; readonly after: Sight }): string | null {
  const { publication, rows } = sight
  if (publication === null) return 'no publication'
  const expected = publication.runId === before.publication?.runId ? before : after
  if (publication.runId !== expected.publication?.runId) return `a publication of ${publication.runId}`
  const other = Object.keys(expected.rows).find((path) => rows[path] !== expected.rows[path])
  return other === undefined
    ? null
    : `${rows[other] ?? 'no'} rows of ${other} with run ${publication.runId}, not ${expected.rows[other] ?? 'none'}`
}
