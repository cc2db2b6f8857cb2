import { DeltaTable } from '@deltaworks/delta-table'
import { Session, type TableFunction } from '@deltaworks/engine'
import { tryParseTimestamp } from '@deltaworks/schema'
import { resolveUri } from '@deltaworks/storage'
import { invalidOption } from './errors.js'
import type { CommonOptions } from './program.js'

/** A session as the common options ask for it; SQL's `read_delta('path', version => 3)` opens Delta tables. */
export const openSession = (options: Pick<CommonOptions, 'memory' | 'threads'>): Session =>
  Session.create({
    ...(options.memory === undefined ? {} : { memoryBytes: options.memory }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    tableFunctions: { read_delta: readDelta },
  })

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
