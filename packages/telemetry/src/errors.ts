/** Same shape as every Deltaworks error (this package imports none of the others): recognised by its brand. */
export class TelemetryError extends Error {
  override readonly name = 'TelemetryError'
  readonly code: string
  readonly fault: 'usage' | 'data'
  readonly details: Readonly<Record<string, string>>

  constructor(
    code: string,
    fault: 'usage' | 'data',
    message: string,
    details: Readonly<Record<string, string>>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.fault = fault
    this.details = details
    Object.defineProperty(this, Symbol.for('deltaworks.error'), { value: true })
  }
}

export const invalidReport = (source: string, problem: string, cause?: unknown): TelemetryError =>
  new TelemetryError(
    'DW-TELEMETRY-0001',
    'data',
    `${source} is not a run report: ${problem}. Reports are written by a run; give the path of one.`,
    { source },
    cause,
  )
