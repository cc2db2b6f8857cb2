/** What a piece of work took: wall time, and time of all threads, which other work on the machine changes less. */
export interface Time {
  readonly wallMs: number
  readonly cpuMs: number
}

/** The least of all rounds, and each round's. */
export interface Timed extends Time {
  readonly rounds: readonly Time[]
}

/**
 * Each work once a round, in turn, the first of one round being the last of the next: whatever else the machine does, it does
 * to all of them.
 */
export async function inTurn<K extends string>(
  rounds: number,
  works: Readonly<Record<K, () => Promise<unknown>>>,
): Promise<Readonly<Record<K, Timed>>> {
  const taken = Object.fromEntries(Object.keys(works).map((name) => [name, [] as Time[]]))
  for (let round = 0; round < rounds; round++) {
    const order = Object.entries<() => Promise<unknown>>(works)
    for (const [name, work] of round % 2 === 0 ? order : order.reverse()) {
      const [started, before] = [performance.now(), process.cpuUsage()]
      await work()
      const { user, system } = process.cpuUsage(before)
      taken[name]!.push({ wallMs: performance.now() - started, cpuMs: (user + system) / 1000 })
    }
  }
  const timed = Object.entries(taken).map(([name, times]) => [
    name,
    {
      wallMs: Math.min(...times.map(({ wallMs }) => wallMs)),
      cpuMs: Math.min(...times.map(({ cpuMs }) => cpuMs)),
      rounds: times,
    },
  ])
  return Object.fromEntries(timed) as Readonly<Record<K, Timed>>
}

export const shown = ({ wallMs, cpuMs }: Time): string => `${wallMs.toFixed(0)} ms (${cpuMs.toFixed(0)} of all threads)`

export interface Ratio {
  readonly wall: number
  readonly cpu: number
}

/** Of the least times. */
export const ratio = (a: Time, b: Time): Ratio => ({ wall: a.wallMs / b.wallMs, cpu: a.cpuMs / b.cpuMs })

/** The median of the rounds' own ratios, of which the first is left out: it also compiles. */
export function medianRatio({ rounds }: Timed, other: Timed): Ratio {
  const ratios = rounds.map((time, round) => ratio(time, other.rounds[round]!))
  const later = ratios.length > 1 ? ratios.slice(1) : ratios
  return { wall: median(later.map(({ wall }) => wall)), cpu: median(later.map(({ cpu }) => cpu)) }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}
