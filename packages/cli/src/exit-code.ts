import { errorToData, isDeltaworksError, type Fault } from '@deltaworks/schema'
import { secretMask } from '@deltaworks/telemetry'

/** What a process of ours ends with. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  /** A critical quality rule failed: its rows are quarantined, nothing was published. */
  quality: 3,
  /** A write conflict was lost after all retries. */
  conflict: 4,
  interrupted: 130,
} as const

export function exitCodeOf(fault: Fault): number {
  switch (fault) {
    case 'usage':
      return exitCode.usage
    case 'conflict':
      return exitCode.conflict
    case 'cancelled':
      return exitCode.interrupted
    case 'data':
    case 'resources':
    case 'unsupported':
    case 'storage':
    case 'internal':
      return exitCode.failed
  }
}

/** Prints one plain sentence with its code (or the error as JSON) on stderr. @returns the exit code */
export function reportError(error: unknown, options: { readonly json: boolean; readonly debug: boolean }): number {
  const data = errorToData(error)
  if (options.json) {
    const { code, fault, message, details } = data
    const shown = { error: { code, fault, message, details: options.debug ? details : withoutStack(details) } }
    write(JSON.stringify(shown, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v)))
  } else {
    write(`${data.code}: ${data.message}`)
  }
  if (options.debug && error instanceof Error && error.stack !== undefined) write(error.stack)
  return isDeltaworksError(error) ? exitCodeOf(data.fault) : exitCode.failed
}

const withoutStack = (details: object): object =>
  Object.fromEntries(Object.entries(details).filter(([key]) => key !== 'stack'))

const write = (text: string): unknown => process.stderr.write(`${secretMask.mask(text)}\n`)
