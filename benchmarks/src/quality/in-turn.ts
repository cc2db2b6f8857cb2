/** What a piece of work took at least: wall time, and time of all threads, which other work on the machine changes less. */
export interface Least {
  readonly wallMs: number
  readonly cpuMs: number
}

/** Each work once a round, in turn: whatever else the machine does, it does to all of them. */
export async function inTurn<K extends string>(
  rounds: number,
  works: Readonly<Record<K, () => Promise<unknown>>>,
): Promise<Readonly<Record<K, Least>>> {
  const least = Object.fromEntries(Object.keys(works).map((name) => [name, { wallMs: Infinity, cpuMs: Infinity }]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries<() => Promise<unknown>>(works)) {
      const [started, before] = [performance.now(), process.cpuUsage()]
      await work()
      const { user, system } = process.cpuUsage(before)
      const { wallMs, cpuMs } = least[name]!
      least[name] = {
        wallMs: Math.min(wallMs, performance.now() - started),
        cpuMs: Math.min(cpuMs, (user + system) / 1000),
      }
    }
  }
  return least as Readonly<Record<K, Least>>
}

export const shown = ({ wallMs, cpuMs }: Least): string =>
  `${wallMs.toFixed(0)} ms (${cpuMs.toFixed(0)} of all threads)`

export const ratio = (a: Least, b: Least): { readonly wall: number; readonly cpu: number } => ({
  wall: a.wallMs / b.wallMs,
  cpu: a.cpuMs / b.cpuMs,
})
