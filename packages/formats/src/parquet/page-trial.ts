/** Row groups of which page bounds are asked before they must have left something out. */
const trialGroups = 3
/** Where they do not, they are asked again for one of so many. */
const pause = 16
/** One row of so many must be left out. */
const leastLeftOut = 20

/**
 * Whether page bounds of a file are worth asking: where values lie in no order, no page is without a row that may match, and
 * reading the bounds of each row group costs more than it saves. It never changes which rows come out.
 */
export class PageTrial {
  #asked = 0
  #passed = 0
  #rowsSeen = 0
  #rowsLeftOut = 0

  /** Whether the next row group's are to be asked. */
  next(): boolean {
    if (this.#asked < trialGroups || this.#rowsLeftOut * leastLeftOut >= this.#rowsSeen) return true
    return ++this.#passed % pause === 0
  }

  /** What came of asking. */
  note(rows: number, left: number): void {
    this.#asked++
    this.#rowsSeen += rows
    this.#rowsLeftOut += rows - left
  }
}
