import {
  materializedColumns,
  removeOf,
  type Action,
  type AddFile,
  type Metadata,
  type Protocol,
  type Snapshot,
} from '@deltaworks/delta-log'
import { fileBytesOf, type OperationContext } from '../operation-context.js'
import { runOptions } from '../run-options.js'
import { scanTracked, withTrackedColumns } from '../tracked-rows.js'
import type { WriteOptions } from '../write/write-options.js'
import { writeRows, type WrittenRows } from '../write/write-rows.js'

/** How files are written anew: the definition that they are to fit. */
export interface RewriteTarget {
  readonly protocol: Protocol
  readonly metadata: Metadata
  readonly schema: Snapshot['schema']
}

export interface RewrittenFiles {
  readonly actions: readonly Action[]
  readonly written: WrittenRows
}

/** The rows of files, as they are, in new files of another definition: types, names, no deletion vectors. No row changes. */
export async function rewriteFiles(
  context: OperationContext,
  base: Snapshot,
  files: readonly AddFile[],
  target: RewriteTarget,
  options: WriteOptions,
  nowMs: number,
): Promise<RewrittenFiles> {
  const { session, location } = context
  const keepsIds = materializedColumns(target.metadata) !== null
  const plan = scanTracked(keepsIds ? withTrackedColumns(base) : base, files)
  const written = await writeRows({ session, location, ...target }, plan, {
    targetFileBytes: fileBytesOf(target.metadata, options),
    nowMs,
    dataChange: false,
    ...runOptions(options),
  })
  return { actions: [...files.map((file) => removeOf(file, nowMs, false)), ...written.adds], written }
}
