import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import type { CommonOptions } from './program.js'

/** A session as the common options ask for it; SQL's `read_delta` opens Delta tables. */
export const openSession = (options: Pick<CommonOptions, 'memory' | 'threads'>): Session =>
  Session.create({
    ...(options.memory === undefined ? {} : { memoryBytes: options.memory }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    tableFunctions: { read_delta: DeltaTable.tableFunction },
  })
