import type { AnyFrame, QueryRunner } from '../query-runner.js'
import { analyze, analyzeStates, type AnalysisOptions } from './analyze.js'
import type { Metric } from './metric.js'
import type { MetricAnalyzer } from './metric-analyzer.js'
import { FileStateStore, MemoryStateStore, type StateStore } from './state-store.js'

/** States of a table by its partitions (a day, a region): each is replaced by itself. */
export interface PartitionStates {
  of(partition: string): StateStore
  all(): Promise<readonly StateStore[]>
}

export class MemoryPartitionStates implements PartitionStates {
  readonly #stores = new Map<string, StateStore>()

  of(partition: string): StateStore {
    const store = this.#stores.get(partition) ?? new MemoryStateStore()
    this.#stores.set(partition, store)
    return store
  }
  all(): Promise<readonly StateStore[]> {
    return Promise.resolve([...this.#stores.values()])
  }
}

/** A folder a partition. */
export class FilePartitionStates implements PartitionStates {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  of(partition: string): StateStore {
    // A name of dots alone would be another folder.
    return new FileStateStore(`${this.#folder}/part=${encodeURIComponent(partition)}`)
  }

  async all(): Promise<readonly StateStore[]> {
    const { readdir } = await import('node:fs/promises')
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return names
      .filter((name) => name.startsWith('part='))
      .sort()
      .map((name) => new FileStateStore(`${this.#folder}/${name}`))
  }
}

/**
 * Analyses the rows of one partition, keeps their states in the place of those that there were, and gives the metrics of all
 * partitions together: only the new rows are read.
 */
export async function analyzePartition(
  session: QueryRunner,
  partition: string,
  rows: AnyFrame,
  analyzers: readonly MetricAnalyzer[],
  states: PartitionStates,
  options: Omit<AnalysisOptions, 'saveStatesTo' | 'aggregateWith'> = {},
): Promise<readonly Metric[]> {
  await analyze(session, rows, analyzers, { ...options, saveStatesTo: states.of(partition) })
  return analyzeStates(await states.all(), analyzers)
}
