/*
 * Distinct counts by HyperLogLog (Flajolet et al. 2007; Heule et al. 2013): 512 registers of 64-bit hashes, as Spark's and
 * Deequ's at their relative deviation of 5 %.
 */

export const registerBits = 9
const registerCount = 1 << registerBits
const alpha = 0.7213 / (1 + 1.079 / registerCount)
/** Up to here counting empty registers is the better estimate (Heule et al., for 2^9 registers). */
const linearThreshold = 400

/** The rank of a hash: the leading zeros after its register's bits, plus one. @param rest those bits, not negative, below 2^55 */
export function rankOf(rest: bigint): number {
  const high = Number(rest >> 32n)
  const zeros = high !== 0 ? Math.clz32(high) - (32 - 23) : 23 + Math.clz32(Number(rest & 0xffff_ffffn))
  return Math.min(zeros, 64 - registerBits) + 1
}

export const emptyRegisters = (): number[] => new Array<number>(registerCount).fill(0)

export const mergeRegisters = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((rank, i) => Math.max(rank, b[i] ?? 0))

/** About how many distinct values made these registers. */
export function estimateDistinct(registers: readonly number[]): number {
  const empty = registers.reduce((count, rank) => (rank === 0 ? count + 1 : count), 0)
  if (empty > 0) {
    const linear = registerCount * Math.log(registerCount / empty)
    if (linear <= linearThreshold) return Math.round(linear)
  }
  const harmonic = registers.reduce((sum, rank) => sum + 2 ** -rank, 0)
  const raw = (alpha * registerCount * registerCount) / harmonic
  return Math.round(raw > 5 * registerCount ? raw : improvedEstimate(registers))
}

/** Ertl's estimator (2017), which needs no table of biases: for where the raw one is biased. */
function improvedEstimate(registers: readonly number[]): number {
  const top = 64 - registerBits + 1
  const histogram = new Array<number>(top + 1).fill(0)
  for (const rank of registers) histogram[rank]!++
  let z = registerCount * tau(1 - histogram[top]! / registerCount)
  for (let rank = top - 1; rank >= 1; rank--) z = 0.5 * (z + histogram[rank]!)
  z += registerCount * sigma(histogram[0]! / registerCount)
  return (registerCount * registerCount) / (2 * Math.LN2 * z)
}

function sigma(x: number): number {
  if (x === 1) return Infinity
  let [power, scale, sum, before] = [x, 1, x, NaN]
  while (sum !== before) {
    before = sum
    power *= power
    sum += power * scale
    scale += scale
  }
  return sum
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let [root, scale, sum, before] = [x, 1, 1 - x, NaN]
  while (sum !== before) {
    before = sum
    root = Math.sqrt(root)
    scale *= 0.5
    sum -= (1 - root) ** 2 * scale
  }
  return sum / 3
}
