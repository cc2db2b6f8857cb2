import { availableParallelism } from 'node:os'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session, type TableFunction } from '@deltaworks/engine'
import { threadsFor } from '@deltaworks/lakehouse'
import { tryParseTimestamp } from '@deltaworks/schema'
import { resolveUri } from '@deltaworks/storage'
import { invalidOption } from './errors.js'
import type { CommonOptions } from './program.js'

/** What a session may use beside memory and threads. */
interface SessionLimits {
  /** Disk for what does not fit into memory. */
  readonly temporaryDisk?: number | undefined
}

/** A session as the common options ask for it, with fewer threads where memory is scarce; SQL's `read_delta('path', version => 3)` opens Delta tables. */
export const openSession = (options: Pick<CommonOptions, 'memory' | 'threads'> & SessionLimits): Session =>
  Session.create({
    ...(options.memory === undefined ? {} : { memoryBytes: options.memory }),
    ...threadsOf(options),
    ...(options.temporaryDisk === undefined ? {} : { spillLimitBytes: options.temporaryDisk }),
    tableFunctions: { read_delta: readDelta },
  })

function threadsOf({ memory, threads }: Pick<CommonOptions, 'memory' | 'threads'>): { readonly threads?: number } {
  if (threads !== undefined) return { threads }
  return memory === undefined ? {} : { threads: threadsFor(memory, availableParallelism()) }
}

const readDelta: TableFunction = async (session, [path], named) => {
  const { version, timestamp } = named
  const table = await DeltaTable.open(session, resolveUri(String(path)), {
    ...(version === undefined || version === null ? {} : { version: Number(version) }),
    ...(timestamp === undefined || timestamp === null ? {} : { timestampMs: parseTimestampMs(String(timestamp)) }),
  })
  return table.provider()
}

/** @throws UsageError DW-CLI-0001 */
export function parseTimestampMs(text: string): number {
  const parsed = tryParseTimestamp(text)
  if (parsed === null) throw invalidOption('timestamp', text, 'give a timestamp such as 2026-01-31T06:00:00Z')
  return Number(parsed.localMicros / 1000n) - (parsed.offsetMinutes ?? 0) * 60_000
}
