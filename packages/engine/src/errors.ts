import { DeltaworksError, nearest } from '@deltaworks/schema'

export class EngineError extends DeltaworksError {
  override readonly name = 'EngineError'
}

export const memoryRefused = (consumer: string, bytes: number, usedBytes: number, limitBytes: number): EngineError =>
  new EngineError(
    'DW-ENGINE-0001',
    'resources',
    `${consumer} needs ${bytes} bytes more, but ${usedBytes} of the ${limitBytes} bytes of memory are in use. Raise --memory, or read less at once.`,
    { consumer, bytes, usedBytes, limitBytes },
  )

export const isMemoryRefused = (error: unknown): boolean =>
  error instanceof EngineError && error.code === 'DW-ENGINE-0001'

export const cancelled = (): EngineError => new EngineError('DW-ENGINE-0002', 'cancelled', 'The query was cancelled.')

export const sessionClosed = (): EngineError =>
  new EngineError('DW-ENGINE-0004', 'usage', 'The session is closed. Create another one.')

export const workerFailed = (task: string, attempts: number, cause: unknown): EngineError =>
  new EngineError(
    'DW-ENGINE-0005',
    'resources',
    `A worker died while it ran ${task}, ${attempts} times (${cause instanceof Error ? cause.message : String(cause)}). Lower --threads, or raise --memory.`,
    { task, attempts },
    cause,
  )

export const noFiles = (pattern: string): EngineError =>
  new EngineError('DW-ENGINE-0006', 'usage', `There is no file ${pattern}. Check the path.`, { pattern })

export const tableExists = (name: string): EngineError =>
  new EngineError(
    'DW-ENGINE-0010',
    'usage',
    `There is a table or view "${name}" already. Drop it, or write CREATE OR REPLACE.`,
    {
      table: name,
    },
  )

export const tableNotFound = (name: string, known: readonly string[]): EngineError =>
  new EngineError(
    'DW-ENGINE-0011',
    'usage',
    `There is no table or view "${name}" of this session${nearest(name, known)}. Only those that it has made can be dropped.`,
    { table: name, tables: known },
  )

export const columnTwice = (name: string): EngineError =>
  new EngineError(
    'DW-ENGINE-0012',
    'usage',
    `The rows cannot be objects: two columns are called "${name}". Rename or drop one of them, or collect the rows as lists.`,
    { column: name },
  )

export const schemaDisagrees = (path: string, problem: string): EngineError =>
  new EngineError('DW-ENGINE-0007', 'data', `${path} does not fit the other files: ${problem}.`, { path })

export const spillLimitReached = (usedBytes: number, limitBytes: number): EngineError =>
  new EngineError(
    'DW-ENGINE-0008',
    'resources',
    `The query needs more than the ${limitBytes} bytes of disk that it may spill to (${usedBytes} are in use). Raise the spill limit, raise --memory, or read less at once.`,
    { usedBytes, limitBytes },
  )

export const spillFailed = (path: string, cause: unknown): EngineError =>
  new EngineError(
    'DW-ENGINE-0009',
    'resources',
    `Rows that do not fit into memory could not be kept in ${path} (${cause instanceof Error ? cause.message : String(cause)}). Let the session spill to a folder with room and permission to write (its option spillFolder, by default below TMPDIR), or raise --memory.`,
    { path },
    cause,
  )
