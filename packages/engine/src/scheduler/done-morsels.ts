import type { DoneMorsel, TaskMessage } from './task.js'

/** A message wakes the driver, whose thread then takes a core from the workers: what nobody waits for is told so seldom. */
const holdMs = 50

/** Tells which morsels are done, with their segments: each at once if the driver waits for them, else some together. */
export class DoneMorsels {
  readonly #post: ((message: TaskMessage) => void) | null
  readonly #isAwaited: boolean
  #held: DoneMorsel[] = []
  #toldAt = performance.now()

  /** @param post null: nothing is told before the end */
  constructor(post: ((message: TaskMessage) => void) | null, isAwaited: boolean) {
    this.#post = post
    this.#isAwaited = isAwaited
  }

  add(done: DoneMorsel): void {
    this.#held.push(done)
    if (this.#isAwaited || performance.now() - this.#toldAt >= holdMs) this.tell()
  }

  /** All that is held back, if there is somebody to tell. */
  tell(): void {
    if (this.#post === null) return
    if (this.#held.length > 0) this.#post({ kind: 'done', morsels: this.#held })
    this.#held = []
    this.#toldAt = performance.now()
  }

  /** What was told to nobody. */
  get rest(): readonly DoneMorsel[] {
    return this.#held
  }
}
