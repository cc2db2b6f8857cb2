/** Whose fault it is, which is what a caller acts on. `internal` is a bug of Deltaworks by definition. */
export type Fault = 'usage' | 'data' | 'resources' | 'conflict' | 'unsupported' | 'storage' | 'cancelled' | 'internal'

const brand = Symbol.for('deltaworks.error')

/** Machine-readable particulars of an error: the table, column, file, line, limit … at fault. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | bigint | null | readonly string[]>>

/**
 * The base of every error that leaves a package. The message is one plain text: what is wrong, where, and what to do.
 * Each package derives one class and makes its errors in its own `errors.ts` and nowhere else.
 */
export class DeltaworksError extends Error {
  override readonly name: string = 'DeltaworksError'
  /** `DW-<PACKAGE>-<4 digits>`; stable across versions. */
  readonly code: string
  readonly fault: Fault
  readonly details: ErrorDetails
  readonly [brand] = true

  constructor(code: string, fault: Fault, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.fault = fault
    this.details = details
  }
}

/** True for our errors, also those of another copy of this library or another thread (`instanceof` is not). */
export const isDeltaworksError = (error: unknown): error is DeltaworksError =>
  typeof error === 'object' && error !== null && (error as { [brand]?: unknown })[brand] === true

/** Errors as data, to cross a thread or a process. */
export interface ErrorData {
  readonly code: string
  readonly fault: Fault
  readonly message: string
  readonly details: ErrorDetails
}

export const errorToData = (error: unknown): ErrorData =>
  isDeltaworksError(error)
    ? { code: error.code, fault: error.fault, message: error.message, details: error.details }
    : {
        code: 'DW-INTERNAL-0001',
        fault: 'internal',
        message: `Internal error: ${error instanceof Error ? error.message : String(error)}. This is a bug in Deltaworks; please report it.`,
        details: error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {},
      }

export const errorFromData = (data: ErrorData): DeltaworksError =>
  new DeltaworksError(data.code, data.fault, data.message, data.details)
