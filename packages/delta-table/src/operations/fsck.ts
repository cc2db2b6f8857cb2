import {
  deletionVectorFile,
  readDeletedRows,
  readEverything,
  removeOf,
  resolveFile,
  verifyChecksum,
  type AddFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import { rowCountOf, statisticsOf } from '../file-statistics-source.js'
import { reportOf, runOperation, type OperationContext, type OperationResult } from '../operation-context.js'
import type { WriteOptions } from '../write/write-options.js'
import { nothing } from '../write/write-rows.js'

export type FileFault = 'missing' | 'size' | 'unreadable' | 'row-count' | 'deletion-vector'

/** What is wrong with a file that the log names. */
export interface FileFinding {
  /** As the log has it. */
  readonly path: string
  readonly fault: FileFault
  readonly detail: string
}

export interface FsckResult {
  readonly version: number
  readonly filesChecked: number
  readonly findings: readonly FileFinding[]
  /** Whether the version fits its checksum file; null: there is none. */
  readonly checksum: 'fits' | 'differs' | null
  readonly checksumDetail: string | null
}

export interface FsckOptions {
  /** Reads each file's footer and deletion vector too. Default true; false looks only whether files are there, and how large. */
  readonly deep?: boolean
}

const filesAtOnce = 16

/** Looks at every file of the version: is it there, is it what the log says. Changes nothing. */
export async function checkTable(snapshot: Snapshot, options: FsckOptions = {}): Promise<FsckResult> {
  const files = [...snapshot.files.values()]
  const findings: FileFinding[] = []
  for (let i = 0; i < files.length; i += filesAtOnce) {
    const group = files.slice(i, i + filesAtOnce)
    const found = await Promise.all(group.map((file) => faultOf(snapshot, file, options.deep !== false)))
    findings.push(...found.filter((finding) => finding !== null))
  }
  let checksum: FsckResult['checksum'] = null
  let checksumDetail: string | null = null
  try {
    if (await verifyChecksum(snapshot)) checksum = 'fits'
  } catch (error) {
    checksum = 'differs'
    checksumDetail = messageOf(error)
  }
  return { version: snapshot.version, filesChecked: files.length, findings, checksum, checksumDetail }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function faultOf(snapshot: Snapshot, file: AddFile, deep: boolean): Promise<FileFinding | null> {
  const finding = (fault: FileFault, detail: string): FileFinding => ({ path: file.path, fault, detail })
  const { store, path } = resolveFile(snapshot.location, file.path)
  if (!(await store.exists(path))) return finding('missing', 'the file is not there')
  const { sizeBytes } = await store.head(path)
  if (sizeBytes !== file.sizeBytes) return finding('size', `it has ${sizeBytes} bytes, the log says ${file.sizeBytes}`)
  if (!deep) return vectorFault(snapshot, file, finding, false)
  try {
    const { readParquetMetadata } = await import('@deltaworks/formats')
    const { rowCount } = await readParquetMetadata(store, path, sizeBytes)
    const recorded = statisticsOf(file)?.rowCount ?? null
    if (recorded !== null && recorded !== rowCount) {
      return finding('row-count', `it has ${rowCount} rows, the log says ${recorded}`)
    }
  } catch (error) {
    return finding('unreadable', messageOf(error))
  }
  return vectorFault(snapshot, file, finding, true)
}

async function vectorFault(
  snapshot: Snapshot,
  file: AddFile,
  finding: (fault: FileFault, detail: string) => FileFinding,
  deep: boolean,
): Promise<FileFinding | null> {
  if (file.deletionVector === null) return null
  const stored = deletionVectorFile(snapshot.location, file)
  if (stored !== null && !(await stored.store.exists(stored.path))) {
    return finding('deletion-vector', `its deletion vector ${stored.path} is not there`)
  }
  if (!deep) return null
  try {
    await readDeletedRows(snapshot.location, file)
    return null
  } catch (error) {
    return finding('deletion-vector', messageOf(error))
  }
}

/**
 * FSCK REPAIR TABLE: takes files out of the table that cannot be read any more, in one commit. Their rows are lost to the table; the
 * versions before keep naming them.
 * @returns null if there is nothing to take out
 */
export function repairTable(
  context: OperationContext,
  snapshot: Snapshot,
  options: WriteOptions & FsckOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, async (base, nowMs) => {
    const { findings } = await checkTable(base, options)
    if (findings.length === 0) return null
    const faulty = new Set(findings.map(({ path }) => path))
    const removed = [...base.files.values()].filter((file) => faulty.has(file.path))
    const metrics = {
      numRemovedFiles: removed.length,
      numMissingFiles: findings.filter(({ fault }) => fault === 'missing').length,
      numDeletedRows: removed.reduce((sum, file) => sum + (rowCountOf(file) ?? 0), 0),
    }
    return {
      base,
      actions: removed.map((file) => removeOf(file, nowMs)),
      written: nothing,
      operation: { name: 'FSCK', parameters: { deep: String(options.deep !== false) }, metrics },
      reads: readEverything,
      report: reportOf(nothing, removed.length, metrics),
    }
  })
}
