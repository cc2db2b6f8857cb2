import type { KllParameters } from './metric-analyzer.js'

/** A sketch as data: each level's items, each of which stands for 2^level values. */
export interface KllSketchState {
  readonly sketchSize: number
  readonly shrinkingFactor: number
  readonly levels: readonly (readonly number[])[]
  readonly count: number
  readonly minimum: number
  readonly maximum: number
}

type Size = Pick<KllParameters, 'sketchSize' | 'shrinkingFactor'>

/**
 * A quantile sketch (Karnin, Lang and Liberty 2016): levels of items; a full level is sorted, and every second item goes up a
 * level with twice the weight. Which of the two alternates, so that the same values give the same sketch.
 */
export class KllSketch {
  readonly #size: Size
  readonly #levels: Level[]
  /** Whether the next compaction of a level keeps the items at odd places. */
  readonly #odd: boolean[] = [false]
  #items = 0
  #capacity: number
  #count = 0
  #minimum = Infinity
  #maximum = -Infinity

  constructor(size: Size) {
    this.#size = size
    this.#levels = [new Level(this.#capacityOf(0))]
    this.#capacity = this.#capacityOf(0)
  }

  static from(state: KllSketchState): KllSketch {
    const sketch = new KllSketch(state)
    while (sketch.#levels.length < state.levels.length) sketch.#expand()
    state.levels.forEach((level, height) => sketch.#levels[height]!.add(level))
    sketch.#items = state.levels.reduce((sum, level) => sum + level.length, 0)
    sketch.#count = state.count
    sketch.#minimum = state.minimum
    sketch.#maximum = state.maximum
    return sketch
  }

  update(value: number): void {
    this.#levels[0]!.push(value)
    this.#count++
    if (value < this.#minimum) this.#minimum = value
    if (value > this.#maximum) this.#maximum = value
    if (++this.#items > this.#capacity) this.#condense()
  }

  merge(other: KllSketchState): void {
    while (this.#levels.length < other.levels.length) this.#expand()
    other.levels.forEach((level, height) => this.#levels[height]!.add(level))
    this.#items = this.#levels.reduce((sum, level) => sum + level.length, 0)
    this.#count += other.count
    this.#minimum = Math.min(this.#minimum, other.minimum)
    this.#maximum = Math.max(this.#maximum, other.maximum)
    while (this.#items >= this.#capacity) this.#condense()
  }

  state(): KllSketchState {
    return {
      ...this.#size,
      levels: this.#levels.map((level) => level.items()),
      count: this.#count,
      minimum: this.#minimum,
      maximum: this.#maximum,
    }
  }

  #capacityOf(height: number): number {
    const { sketchSize, shrinkingFactor } = this.#size
    return 2 * (Math.ceil((sketchSize * shrinkingFactor ** height) / 2) + 1)
  }

  #expand(): void {
    const level = new Level(this.#capacityOf(this.#levels.length))
    this.#levels.push(level)
    this.#odd.push(false)
    this.#capacity += level.capacity
  }

  /** Compacts the lowest full level. */
  #condense(): void {
    const height = this.#levels.findIndex((level) => level.length >= level.capacity)
    if (height < 0) return this.#expand()
    if (height + 1 === this.#levels.length) this.#expand()
    this.#items -= this.#levels[height]!.compactInto(this.#levels[height + 1]!, this.#odd[height]!)
    this.#odd[height] = !this.#odd[height]
  }
}

/** Items that stand for as many values each. */
class Level {
  /** From so many items on it is full; it takes more. */
  readonly capacity: number
  #items: Float64Array
  length = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.#items = new Float64Array(capacity + 1)
  }

  push(item: number): void {
    this.#reserve(1)
    this.#items[this.length++] = item
  }

  add(items: readonly number[]): void {
    this.#reserve(items.length)
    this.#items.set(items, this.length)
    this.length += items.length
  }

  items(): number[] {
    return Array.from(this.#items.subarray(0, this.length))
  }

  /** Sorts an even number of items, and has every second of them go up. @returns how many items there are less */
  compactInto(above: Level, odd: boolean): number {
    const even = this.length - (this.length % 2)
    const sorted = this.#items.subarray(0, even).sort()
    above.#reserve(even / 2)
    for (let i = odd ? 1 : 0; i < even; i += 2) above.#items[above.length++] = sorted[i]!
    this.#items[0] = this.#items[this.length - 1]!
    this.length -= even
    return even / 2
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#items.length) return
    const larger = new Float64Array(2 * (this.length + more))
    larger.set(this.#items.subarray(0, this.length))
    this.#items = larger
  }
}

export function mergeSketches(a: KllSketchState, b: KllSketchState): KllSketchState {
  const sketch = KllSketch.from(a)
  sketch.merge(b)
  return sketch.state()
}

/** Its items in order, with the weight of all up to and with each. */
export interface RankedItems {
  readonly items: Float64Array
  readonly ranks: Float64Array
  readonly total: number
}

export function rankedItems({ levels }: KllSketchState): RankedItems {
  const weighted = levels.flatMap((level, height) => level.map((item) => [item, 2 ** height] as const))
  weighted.sort(([a], [b]) => a - b)
  const items = Float64Array.from(weighted, ([item]) => item)
  const ranks = new Float64Array(weighted.length)
  let total = 0
  weighted.forEach(([, weight], i) => (ranks[i] = total += weight))
  return { items, ranks, total }
}

/** How many values are at most (or, exclusive, less than) this one, about. */
export function rankIn({ items, ranks }: RankedItems, value: number, inclusive = true): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (inclusive ? items[middle]! <= value : items[middle]! < value) low = middle + 1
    else high = middle
  }
  return low === 0 ? 0 : ranks[low - 1]!
}

/** The value at a share of the ordered values, about. */
export function quantileOf(ranked: RankedItems, share: number): number {
  const wanted = share * ranked.total
  const place = ranked.ranks.findIndex((rank) => rank >= wanted)
  return ranked.items[place < 0 ? ranked.items.length - 1 : place]!
}

/** A size whose rank error is at most this, mostly (the error of Karnin et al. is about 2.3 / k). */
export const sizeForError = (relativeError: number): number =>
  Math.max(256, Math.ceil(4 / Math.max(relativeError, 0.0005)))
