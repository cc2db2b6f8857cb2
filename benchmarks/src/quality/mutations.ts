import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Session } from '@deltaworks/engine'
import { commandLine } from '../command-line.js'
import { cleanLanding } from './mutations/clean-landing.js'
import { defects } from './mutations/defects.js'
import { plant, type Planted } from './mutations/planted.js'
import { runShop, type Verdict } from './mutations/shop-run.js'

/*
 * node benchmarks/dist/quality/mutations.js [--defects 500] [--variants 100] [--scale 0.1]
 *
 * Defects in clean landing files of the shop, each in a line of its own: the shop's own rules must name each line, by the rule
 * that is for it, and no other line; and none at all in clean variants. Writes results/quality-mutations.json; the exit code
 * is 1 if a defect was missed or a line accused falsely.
 */
const { values: options } = commandLine({
  options: {
    defects: { type: 'string', default: '500' },
    variants: { type: 'string', default: '100' },
    scale: { type: 'string', default: '0.1' },
  },
})
const [wanted, variants, scale] = [Number(options.defects), Number(options.variants), Number(options.scale)]
const defectsPerLanding = 25

const kinds = new Map(defects.map(({ kind, rule }) => [kind, { rule, planted: 0, caught: 0 }]))
const missed: string[] = []
const falselyAccused: string[] = []

/** Which of the planted defects were found where they are, and what else was accused. */
function judge(seed: number, planted: readonly Planted[], { accused, orphans }: Verdict): void {
  const places = new Map(planted.map((of) => [`${of.file}:${of.line}`, of]))
  for (const of of planted) {
    const { defect, file, line, sale } = of
    const isFound =
      defect.rule === 'known_customer'
        ? orphans.includes(sale)
        : accused.some(
            ({ place, rules, disposition }) =>
              place === `${file}:${line}` &&
              disposition === defect.disposition &&
              rules.split(', ').includes(defect.rule),
          )
    const kind = kinds.get(defect.kind)!
    kind.planted++
    if (isFound) kind.caught++
    else missed.push(`seed ${seed}: ${defect.kind} in ${file}:${line}`)
  }
  const isOrphan = new Set(planted.filter(({ defect }) => defect.rule === 'known_customer').map(({ sale }) => sale))
  for (const { place, rules } of accused) {
    const defect = places.get(place)?.defect
    if (defect === undefined || defect.rule === 'known_customer') falselyAccused.push(`seed ${seed}: ${place} ${rules}`)
  }
  for (const sale of orphans) if (!isOrphan.has(sale)) falselyAccused.push(`seed ${seed}: orphan ${sale}`)
}

const work = await mkdtemp(join(tmpdir(), 'deltaworks-mutations-'))
const session = Session.create()
try {
  const withShop = async (seed: number, use: (folder: string) => Promise<void>): Promise<void> => {
    const folder = join(work, String(seed))
    await use(folder)
    await rm(folder, { recursive: true, force: true })
  }
  for (let first = 0; first < wanted; first += defectsPerLanding) {
    const seed = 1000 + first / defectsPerLanding
    await withShop(seed, async (folder) => {
      const clean = cleanLanding(join(folder, 'generated'), seed, scale)
      const { landing, planted } = plant(clean, first, Math.min(defectsPerLanding, wanted - first))
      judge(seed, planted, await runShop(session, landing, folder))
    })
  }
  const alarms: string[] = []
  for (let seed = 1; seed <= variants; seed++) {
    await withShop(seed, async (folder) => {
      const clean = cleanLanding(join(folder, 'generated'), seed, scale)
      const { accused, orphans, failed } = await runShop(session, clean, folder)
      const found = [...accused.map(({ place, rules }) => `${place} ${rules}`), ...orphans, ...failed]
      alarms.push(...found.map((text) => `seed ${seed}: ${text}`))
    })
  }
  for (const [kind, { rule, planted, caught }] of kinds) console.log(`${kind} (${rule}): ${caught} of ${planted}`)
  const caught = [...kinds.values()].reduce((sum, kind) => sum + kind.caught, 0)
  console.log(`${caught} of ${wanted} defects caught in their lines, ${falselyAccused.length} other lines accused`)
  console.log(`${alarms.length} alarms in ${variants} clean variants`)
  for (const text of [...missed, ...falselyAccused, ...alarms].slice(0, 20)) console.log(`FAILED: ${text}`)
  const command = `node benchmarks/dist/quality/mutations.js --defects ${wanted} --variants ${variants} --scale ${scale}`
  const result = { command, defects: wanted, caught, falselyAccused, missed, variants, alarms, kinds: Object.fromEntries(kinds) } // prettier-ignore
  const file = fileURLToPath(new URL('../../results/quality-mutations.json', import.meta.url))
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`)
  process.exitCode = missed.length + falselyAccused.length + alarms.length === 0 ? 0 : 1
} finally {
  await session.close()
  await rm(work, { recursive: true, force: true })
}
