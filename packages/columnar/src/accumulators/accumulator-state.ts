/** Growable typed arrays of accumulators: one slot a group. */
export function grownFloats(array: Float64Array, length: number): Float64Array {
  if (length <= array.length) return array
  const larger = new Float64Array(Math.max(length, array.length * 2, 16))
  larger.set(array)
  return larger
}

export function grownBytes(array: Uint8Array, length: number): Uint8Array {
  if (length <= array.length) return array
  const larger = new Uint8Array(Math.max(length, array.length * 2, 16))
  larger.set(array)
  return larger
}

const word = 4_294_967_296

/**
 * Exact sums of 64-bit integers without a bigint a row: low words, high words and their carries, each exact in a double.
 * Low and high sums are normalised before 2^20 additions could pass 2^53.
 */
export class ExactSums {
  #low = new Float64Array(16)
  #high = new Float64Array(16)
  #top = new Float64Array(16)
  #additions = 0

  grow(groups: number): void {
    this.#low = grownFloats(this.#low, groups) as Float64Array<ArrayBuffer>
    this.#high = grownFloats(this.#high, groups) as Float64Array<ArrayBuffer>
    this.#top = grownFloats(this.#top, groups) as Float64Array<ArrayBuffer>
  }

  /** Adds the value whose words are `low` (unsigned) and `high` (signed). */
  add(group: number, low: number, high: number): void {
    this.#low[group]! += low
    this.#high[group]! += high
    if (++this.#additions === 1_048_576) this.#normalise()
  }

  addWide(group: number, value: bigint): void {
    this.#set(group, this.value(group) + value)
  }

  #normalise(): void {
    for (let group = 0; group < this.#low.length; group++) {
      const carry = Math.floor(this.#low[group]! / word)
      this.#low[group]! -= carry * word
      const high = this.#high[group]! + carry
      const top = Math.floor(high / word)
      this.#high[group] = high - top * word
      this.#top[group]! += top
    }
    this.#additions = 0
  }

  #set(group: number, value: bigint): void {
    this.#low[group] = Number(value & 0xffffffffn)
    this.#high[group] = Number((value >> 32n) & 0xffffffffn)
    const top = value >> 64n
    this.#top[group] = Number(top)
    this.#wide ??= new Map()
    if (top > 9_007_199_254_740_991n || top < -9_007_199_254_740_991n)
      this.#wide.set(group, top - BigInt(this.#top[group]!))
    else this.#wide.delete(group)
  }

  /** What a sum's top part has beyond a double's 53 bits: decimals of more than 35 digits. */
  #wide: Map<number, bigint> | undefined

  value(group: number): bigint {
    const { length } = this.#low
    if (group >= length) return 0n
    return (
      ((BigInt(this.#top[group]!) + (this.#wide?.get(group) ?? 0n)) << 64n) +
      (BigInt(this.#high[group]!) << 32n) +
      BigInt(this.#low[group]!)
    )
  }
}
