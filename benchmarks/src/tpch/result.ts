import type { EngineName } from './engine-process.js'

/** What one engine took for one query: the best of the rounds. */
export type Measured =
  | { readonly ms: number; readonly cpuMs: number; readonly rows: number; readonly peakMb: number }
  | { readonly error: string }

export interface QueryResult {
  readonly query: number
  readonly engines: Partial<Record<EngineName, Measured>>
}

export interface TpchResult {
  readonly command: string
  readonly scale: string
  readonly format: string
  readonly threads: number
  readonly rounds: number
  /** Load of the machine when the run ended, by the system's own count. */
  readonly load: number
  readonly summary: readonly EngineSummary[]
  readonly queries: readonly QueryResult[]
}

/** Our time over a peer's. */
export interface EngineSummary {
  readonly peer: EngineName
  readonly queries: number
  readonly geometricMean: number
  readonly worst: number
  /** Of processor time, which other work on the machine disturbs less. */
  readonly cpuGeometricMean: number
  readonly peakMb: number
  readonly ourPeakMb: number
}

const ratioOf = (result: QueryResult, peer: EngineName, of: 'ms' | 'cpuMs'): number | null => {
  const [ours, theirs] = [result.engines.deltaworks, result.engines[peer]]
  if (ours === undefined || theirs === undefined || 'error' in ours || 'error' in theirs) return null
  return theirs[of] === 0 ? null : ours[of] / theirs[of]
}

export const ratios = (
  results: readonly QueryResult[],
  peer: EngineName,
  of: 'ms' | 'cpuMs' = 'ms',
): readonly number[] => results.map((result) => ratioOf(result, peer, of)).filter((ratio) => ratio !== null)

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / Math.max(1, values.length))

const peakOf = (results: readonly QueryResult[], name: EngineName): number =>
  results.reduce((peak, { engines }) => {
    const own = engines[name]
    return own === undefined || 'error' in own ? peak : Math.max(peak, own.peakMb)
  }, 0)

export const summarise = (results: readonly QueryResult[], peers: readonly EngineName[]): readonly EngineSummary[] =>
  peers.map((peer) => {
    const wall = ratios(results, peer)
    return {
      peer,
      queries: wall.length,
      geometricMean: geometricMean(wall),
      worst: Math.max(0, ...wall),
      cpuGeometricMean: geometricMean(ratios(results, peer, 'cpuMs')),
      peakMb: peakOf(results, peer),
      ourPeakMb: peakOf(results, 'deltaworks'),
    }
  })

export function queryLine({ query, engines }: QueryResult, peers: readonly EngineName[]): string {
  const cell = (measured: Measured | undefined): string =>
    measured === undefined || 'error' in measured ? '—' : `${measured.ms.toFixed(0)} ms`
  const parts = peers.map((peer) => {
    const ratio = ratioOf({ query, engines }, peer, 'ms')
    const cpu = ratioOf({ query, engines }, peer, 'cpuMs')
    const told = ratio === null ? '' : ` ratio ${ratio.toFixed(2)} (cpu ${cpu === null ? '—' : cpu.toFixed(2)})`
    return `${peer} ${cell(engines[peer]).padStart(8)}${told}`
  })
  return `Q${String(query).padEnd(3)} ${cell(engines.deltaworks).padStart(8)}  ${parts.join('  ')}`
}
