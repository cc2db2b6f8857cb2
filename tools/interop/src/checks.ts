/** Prints each check as a line, and counts. */
export class Checks {
  passed = 0
  failed = 0

  report(name: string, message: string | null): void {
    if (message === null) this.passed++
    else this.failed++
    process.stdout.write(`${message === null ? 'ok  ' : 'FAIL'} ${name}${message === null ? '' : `: ${message}`}\n`)
  }

  /** Runs a check: what it returns, or throws, is what is wrong. */
  async run(name: string, task: () => Promise<string | null>): Promise<void> {
    let message: string | null
    try {
      message = await task()
    } catch (error) {
      message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
    this.report(name, message)
  }

  skip(name: string, why: string): void {
    process.stdout.write(`skip ${name}: ${why}\n`)
  }

  /** Prints the last line. @returns the exit code */
  finish(): number {
    process.stdout.write(`${this.passed} passed, ${this.failed} failed\n`)
    return this.failed === 0 ? 0 : 1
  }
}
