type TelemetryFault = 'usage' | 'data' | 'storage'

/** Same shape as every Deltaworks error (this package imports none of the others): recognised by its brand. */
export class TelemetryError extends Error {
  override readonly name = 'TelemetryError'
  readonly code: string
  readonly fault: TelemetryFault
  readonly details: Readonly<Record<string, string>>

  constructor(
    code: string,
    fault: TelemetryFault,
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

export const secretNotFound = (place: string, reason: string): TelemetryError =>
  new TelemetryError(
    'DW-TELEMETRY-0002',
    'usage',
    `The ${place} has no secret for this process (${reason}). Put it there, or change the reference in the environment's "operations".`,
    { place },
  )

export const secretTooShort = (place: string, least: number): TelemetryError =>
  new TelemetryError(
    'DW-TELEMETRY-0003',
    'usage',
    `The secret in ${place} has less than ${least} characters, so that it could not be masked in what is written. Give a longer one.`,
    { place },
  )

export const packageMissing = (name: string, cause: unknown): TelemetryError =>
  new TelemetryError(
    'DW-TELEMETRY-0004',
    'usage',
    `The environment's "operations" need the package ${name}, which is not installed. Install it: npm install ${name}`,
    { package: name },
    cause,
  )

/** @param reason without addresses: they may be secrets */
export const notDelivered = (channel: string, reason: string, cause?: unknown): TelemetryError =>
  new TelemetryError(
    'DW-TELEMETRY-0005',
    'storage',
    `Alerts could not be sent to channel "${channel}" (${reason}); the next run tries again. Look at the channel in the environment's "operations".`,
    { channel },
    cause,
  )

export const notExported = (exporter: string, reason: string): TelemetryError =>
  new TelemetryError(
    'DW-TELEMETRY-0006',
    'storage',
    `Telemetry could not be sent to ${exporter} (${reason}); the run was not disturbed. Look at "operations.telemetry" of the environment.`,
    { exporter },
  )

export const logNotWritable = (file: string, reason: string, cause: unknown): TelemetryError =>
  new TelemetryError(
    'DW-TELEMETRY-0007',
    'usage',
    `The log cannot be written to ${file} (${reason}). Change "operations.telemetry.logs.file" of the environment, or make it writable.`,
    { file },
    cause,
  )

/** What went wrong, in a word: messages of libraries quote addresses and answers. */
export function reasonOf(error: unknown): string {
  const { code, name, responseCode, $metadata } = error as {
    readonly code?: unknown
    readonly name?: string
    readonly responseCode?: number
    readonly $metadata?: { readonly httpStatusCode?: number }
  }
  const status = responseCode ?? $metadata?.httpStatusCode
  const word = typeof code === 'string' || typeof code === 'number' ? String(code) : (name ?? 'it failed')
  return status === undefined ? word : `${word}, status ${status}`
}
