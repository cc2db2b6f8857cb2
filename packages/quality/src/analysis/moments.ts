import { agg, col, lit, type Expr } from '@deltaworks/expression'
import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import { float64, type Value } from '@deltaworks/schema'
import type { MomentsRequirement } from '../analyzers/analyzer.js'
import { filtered } from '../analyzers/counting.js'
import type { MomentsState } from './state.js'

type Row = (plan: LogicalPlan) => Promise<readonly Value[]>

/** So many first rows tell about where the mean is. */
const sampleRows = 1000
/** With the mean so many deviations from the centre, the fourth moment would lose more than three digits. */
const farDeviations = 5
const powers = 4

/** Sums of powers about a centre, as aggregates that any scan may carry. */
export class PowerSums {
  readonly #requirements: readonly MomentsRequirement[]
  readonly #centres: readonly number[]

  private constructor(requirements: readonly MomentsRequirement[], centres: readonly number[]) {
    this.#requirements = requirements
    this.#centres = centres
  }

  static async plan(requirements: readonly MomentsRequirement[], frame: DataFrame, row: Row): Promise<PowerSums> {
    const means = requirements.map(({ column, filter }, i) => [
      `centre_${i}`,
      filtered(agg.avg(col(column).cast(float64)), filter),
    ])
    const found = await row(frame.limit(sampleRows).agg(Object.fromEntries(means) as Record<string, Expr>).plan)
    return new PowerSums(
      requirements,
      found.map((mean) => (typeof mean === 'number' && Number.isFinite(mean) ? mean : 0)),
    )
  }

  get size(): number {
    return this.#requirements.length * (powers + 1)
  }

  get aggregates(): Readonly<Record<string, Expr>> {
    const all: Record<string, Expr> = {}
    this.#requirements.forEach(({ column, filter }, i) => {
      const distance = col(column).cast(float64).sub(lit(this.#centres[i]!, float64))
      const square = distance.mul(distance)
      const of = [distance, square, square.mul(distance), square.mul(square)]
      all[`moments_${i}_0`] = filtered(agg.count(col(column)), filter)
      of.forEach((power, k) => (all[`moments_${i}_${k + 1}`] = filtered(agg.sum(power), filter)))
    })
    return all
  }

  /** @param values of the aggregates. Where a centre was far from the mean, the sums are taken once more, about the mean. */
  async moments(values: readonly Value[], frame: DataFrame, row: Row): Promise<readonly MomentsState[]> {
    const found = this.#requirements.map((_, i) => this.#momentsOf(values, i))
    const far = found.map((moments, i) => this.#isFar(moments, this.#centres[i]!))
    if (!far.includes(true)) return found
    const again = new PowerSums(
      this.#requirements,
      found.map((moments) => moments.mean),
    )
    const better = await row(frame.agg(again.aggregates).plan)
    return found.map((_, i) => again.#momentsOf(better, i))
  }

  #isFar({ n, mean, m2 }: MomentsState, centre: number): boolean {
    return n > 0 && Math.abs(mean - centre) > farDeviations * Math.sqrt(Math.max(m2, 0) / n)
  }

  #momentsOf(values: readonly Value[], i: number): MomentsState {
    const [n, s1, s2, s3, s4] = values
      .slice(i * (powers + 1), (i + 1) * (powers + 1))
      .map((value) => Number(value ?? 0)) as [number, number, number, number, number]
    const centre = this.#centres[i]!
    if (n === 0) return { kind: 'moments', n, mean: 0, m2: 0, m3: 0, m4: 0 }
    const d = s1 / n
    const m2 = s2 - n * d * d
    return {
      kind: 'moments',
      n,
      mean: centre + d,
      m2: Math.max(0, m2),
      m3: s3 - 3 * d * s2 + 2 * n * d ** 3,
      m4: s4 - 4 * d * s3 + 6 * d * d * s2 - 3 * n * d ** 4,
    }
  }
}
