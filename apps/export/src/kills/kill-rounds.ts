import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { col, lit } from '@deltaworks/expression'
import { lakeTables } from '@deltaworks/lakehouse'
import { retail } from '@deltaworks/retail'
import { allTotals, reconcile, type SqlTarget, type TableTotals, type WarehouseTable } from '@deltaworks/warehouse'

const bin = fileURLToPath(new URL('../../bin/deltaworks-export.cjs', import.meta.url))
const factPath = 'processed/fact_transactions'

export interface KillRounds {
  readonly session: Session
  /** URI of a lake of the shop. */
  readonly root: string
  /** Arguments of the export app for this warehouse. */
  readonly args: readonly string[]
  readonly open: () => SqlTarget
  /** Rounds go on until so many exports were killed before their end. */
  readonly kills: number
  readonly seed: number
  /** Faults of the warehouse while exports run that may be killed, or are gone on with. */
  readonly trouble?: { readonly begin: () => void; readonly end: () => void }
  /** What a warehouse does with the session of a client that is gone. */
  readonly afterKill?: () => Promise<void>
  /** Paths of the files that are staged now, below folders by export; none may be left once an export has come to its end. */
  readonly staged?: () => Promise<readonly string[]>
  readonly onRound?: (round: number, kind: RoundKind) => void
}

/**
 * How a round's export ended: killed, and the warehouse has the former version, or the new one already; at its end before the
 * kill; given up by itself, for the warehouse's faults.
 */
export type RoundKind = 'former' | 'new' | 'done' | 'failed'

export interface KillResult extends Readonly<Record<RoundKind, number>> {
  readonly rounds: number
  /** Exports that were gone on with (`--resume`), at the version that they had begun with. */
  readonly resumed: number
}

/**
 * Changes the facts, begins an export, and kills it (SIGKILL) at a random point of its life, again and again. After each kill
 * the warehouse must hold a whole version of the facts, the former or the new one, as its control table says. Then the facts
 * change once more: `--resume` must bring the version that the killed export had begun with, and the export after it the newest.
 * @throws Error saying in which round what was found
 */
export async function killRounds(options: KillRounds): Promise<KillResult> {
  const random = numbers(options.seed)
  await exportToItsEnd(options)
  // The first export, which loads everything, lives longer than those that load what has changed.
  await changeFacts(options)
  let lifeMs = await exportToItsEnd(options)
  const counts = { rounds: 0, former: 0, new: 0, done: 0, failed: 0, resumed: 0 }
  const expected = new Map<number, TableTotals>()
  const origins = new Map<string, string>()
  let former = await versionOf(options, expected)
  while (counts.former + counts.new < options.kills) {
    const round = ++counts.rounds
    await changeFacts(options)
    const next = await versionOf(options, expected)
    const ended = await inTrouble(options, () => killedAt(options, lifeMs * (0.2 + random())))
    await options.afterKill?.()
    const found = await check(options, expected, ended === 'done' ? [next] : [former, next], round)
    const kind = ended !== 'killed' ? ended : found === next ? 'new' : 'former'
    counts[kind]++
    options.onRound?.(round, kind)
    await noteStaged(options, origins, `round ${round} (${kind})`)
    // Kills are to come before the end: what takes how long on a busy machine changes.
    lifeMs *= kind === 'former' ? 1.1 : kind === 'failed' ? 1 : 0.6
    await changeFacts(options)
    const newest = await versionOf(options, expected)
    if (found === former && (await inTrouble(options, () => resumed(options)))) {
      counts.resumed++
      await check(options, expected, [next], round)
      await checkNothingStaged(options, origins, `round ${round}, resumed`)
    } else await noteStaged(options, origins, `round ${round} (not resumed)`)
    await check(options, expected, [former, next], round)
    await exportToItsEnd(options)
    await check(options, expected, [newest], round)
    await checkNothingStaged(options, origins, `round ${round}, at its end`)
    former = newest
  }
  return counts
}

async function inTrouble<T>({ trouble }: KillRounds, work: () => Promise<T>): Promise<T> {
  trouble?.begin()
  try {
    return await work()
  } finally {
    trouble?.end()
  }
}

/** Another version of the facts, with as many rows. */
async function changeFacts({ session, root }: KillRounds): Promise<void> {
  const facts = await DeltaTable.open(session, `${root}/${factPath}`)
  const { type } = facts.schema.fields.find((field) => field.name === 'quantity')!
  const some = col('transaction_key')
    .mod(lit(7n))
    .eq(lit(BigInt(facts.version % 7)))
  const changed = await facts.update({ quantity: col('quantity').add(lit(1)).cast(type) }, some)
  if (changed.version === facts.version) throw new Error('the facts did not change: there are too few of them')
}

async function factTable({ session, root }: KillRounds): Promise<WarehouseTable> {
  const [table] = await lakeTables({
    lakehouse: retail,
    session,
    root,
    only: ['fact_transactions'],
    readsFiles: false,
    profiles: false,
  })
  return table!
}

/** The facts' version, and what the lake counts of it. */
async function versionOf(options: KillRounds, expected: Map<number, TableTotals>): Promise<number> {
  const table = await factTable(options)
  expected.set(table.deltaVersion, await table.lake!.totals(allTotals(table.schema)))
  return table.deltaVersion
}

/** @returns the version that the warehouse holds */
async function check(
  options: KillRounds,
  expected: ReadonlyMap<number, TableTotals>,
  allowed: readonly number[],
  round: number,
): Promise<number> {
  const target = options.open()
  try {
    const record = (await target.loaded()).get('fact_transactions')
    if (record === undefined || !allowed.includes(record.deltaVersion))
      throw new Error(
        `round ${round}: the warehouse has version ${record?.deltaVersion}, not one of ${allowed.join(', ')}`,
      )
    const table = await factTable(options)
    const actual = await target.probe(table).totals(allTotals(table.schema))
    const { equal, comparisons } = reconcile(table, expected.get(record.deltaVersion)!, actual)
    if (!equal) throw new Error(`round ${round}: ${JSON.stringify(comparisons.find((one) => !one.equal))}`)
    return record.deltaVersion
  } finally {
    await target.close()
  }
}

/** Remembers, of exports that have files now and had none before, where they come from. */
async function noteStaged({ staged }: KillRounds, origins: Map<string, string>, when: string): Promise<void> {
  for (const id of filesByExport((await staged?.()) ?? []).keys()) if (!origins.has(id)) origins.set(id, when)
}

async function checkNothingStaged(
  { staged }: KillRounds,
  origins: ReadonlyMap<string, string>,
  when: string,
): Promise<void> {
  const left = [...filesByExport((await staged?.()) ?? [])]
  if (left.length === 0) return
  const told = left.map(([id, count]) => `${count} of ${id}, ${origins.get(id) ?? 'a later one'}`)
  throw new Error(`${when}: staged files were left: ${told.join('; ')}`)
}

function filesByExport(paths: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const path of paths) {
    const id = path.split('/')[1]!
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/** @returns false: it was killed before it had written down that it began, or failed in trouble */
async function resumed({ args, root, trouble }: KillRounds): Promise<boolean> {
  const code = await exported([...args, '--resume', '--root', root, '--quiet'], null)
  if (code !== 0 && code !== 2 && trouble === undefined) throw new Error(`a resumed export ended with ${code}`)
  return code === 0
}

async function killedAt({ args, root, trouble }: KillRounds, delayMs: number): Promise<'killed' | 'done' | 'failed'> {
  const code = await exported([...args, '--root', root, '--quiet'], delayMs)
  if (code === null) return 'killed'
  if (code !== 0 && trouble === undefined) throw new Error(`an export ended with ${code}`)
  return code === 0 ? 'done' : 'failed'
}

/** @returns milliseconds that it took */
async function exportToItsEnd({ args, root }: KillRounds): Promise<number> {
  const began = performance.now()
  const code = await exported([...args, '--root', root, '--quiet'], 600_000)
  if (code !== 0) throw new Error(code === null ? 'an export did not end' : `an export ended with ${code}`)
  return performance.now() - began
}

/** @returns the exit code; null: killed after `delayMs` */
async function exported(args: readonly string[], delayMs: number | null): Promise<number | null> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: 'ignore' })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const timer = delayMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), delayMs)
  const code = await ended
  clearTimeout(timer)
  return code
}

/** mulberry32: [0, 1). */
function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
