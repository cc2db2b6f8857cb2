import { rmSync } from 'node:fs'
import type { Session } from '@deltaworks/engine'
import { hashesOf, type ShopLake } from './shop-lake.js'

export interface Races {
  readonly rounds: number
  readonly problems: readonly string[]
}

/** Starts the same run twice at the same moment: one runs, the other says so and ends with 0. */
export async function raceSchedulers(
  shop: ShopLake,
  session: Session,
  rounds: number,
  told: (round: number) => void = () => undefined,
): Promise<Races> {
  const alone = shop.copy('alone')
  await shop.finished(shop.start(alone))
  const expected = JSON.stringify(await hashesOf(session, alone))
  const problems: string[] = []
  for (let round = 0; round < rounds; round++) {
    const lake = shop.copy('raced')
    const outcomes = await Promise.all([1, 2].map(() => shop.ended(shop.start(lake))))
    const refused = outcomes.filter(({ stdout }) => /^Run second (is going on|has ended already)/.test(stdout))
    if (outcomes.some(({ status }) => status !== 0) || refused.length !== 1) {
      problems.push(
        `round ${round}: ${outcomes.map(({ status, stdout, stderr }) => `${status}: ${stdout.slice(0, 200)}${stderr}`).join(' | ')}`,
      )
    }
    if (JSON.stringify(await hashesOf(session, lake)) !== expected) problems.push(`round ${round}: other rows`)
    rmSync(lake, { recursive: true, force: true })
    told(round + 1)
  }
  return { rounds, problems }
}
