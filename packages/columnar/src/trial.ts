/** Rows after which it is known how many pass. */
const trialRows = 4096

/** Whether it is of use to ask rows before something is done with them: not where most of them pass. */
export class Trial {
  readonly #mostPassed: number
  #asked = 0
  #passed = 0

  /** @param mostPassed the part of the rows that may pass, 0 to 1 */
  constructor(mostPassed: number) {
    this.#mostPassed = mostPassed
  }

  get isUseful(): boolean {
    return this.#asked < trialRows || this.#passed <= this.#asked * this.#mostPassed
  }

  /** What came of asking some rows. */
  note(asked: number, passed: number): void {
    this.#asked += asked
    this.#passed += passed
  }
}
