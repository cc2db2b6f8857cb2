import { DeltaworksError } from '@deltaworks/schema'

export class UsageError extends DeltaworksError {
  override readonly name = 'UsageError'
}

export const invalidOption = (option: string, value: string, wanted: string): UsageError =>
  new UsageError('DW-CLI-0001', 'usage', `${option} ${value} is not valid: ${wanted}.`, { option, value })

export const usageProblem = (message: string): UsageError => new UsageError('DW-CLI-0002', 'usage', message)

export const interrupted = (): UsageError =>
  new UsageError(
    'DW-CLI-0003',
    'cancelled',
    'Interrupted. What was committed stays; run the same command again to go on.',
  )
