import type { Attributes, Meter } from '@opentelemetry/api'
import type { RunFinishMessage, StepFinishMessage } from '../events.js'
import { listen } from '../subscriptions.js'
import type { ResourceSample } from '../resources/resource-monitor.js'

/** When rows of tables last changed. */
export type TableChanges = ReadonlyMap<string, number | null>

/**
 * Metrics of a run: rows, bytes, spills, queries, quality, tables and the process. Names begin with `deltaworks.`; every
 * point says which lakehouse and environment it is of.
 */
export class RunMeter {
  readonly #meter: Meter
  readonly #common: Attributes
  readonly #stop: () => void
  readonly #instruments: ReturnType<typeof instrumentsOf>

  constructor(meter: Meter, common: Attributes) {
    this.#meter = meter
    this.#common = common
    const made = instrumentsOf(meter)
    this.#instruments = made
    this.#stop = listen({
      'deltaworks:run:finish': (message) => this.#run(message),
      'deltaworks:step:finish': (message) => this.#step(message),
      'deltaworks:query:finish': ({ metrics }) => {
        const stages = metrics.stages
        made.queries.add(1, common)
        made.queryDuration.record(metrics.durationMs / 1000, common)
        made.spilled.add(metrics.spilledBytes + stages.reduce((sum, stage) => sum + stage.spilledBytes, 0), common)
        made.exchanged.add(
          stages.reduce((sum, stage) => sum + stage.exchangedBytes, 0),
          common,
        )
        made.filesScanned.add(metrics.filesTotal - metrics.filesPruned, common)
        made.filesPruned.add(metrics.filesPruned, common)
      },
      'deltaworks:task:finish': ({ heapBytes }) => made.workerHeap.record(heapBytes, common),
      'deltaworks:commit:finish': ({ operation }) => made.commits.add(1, { ...common, operation }),
      'deltaworks:commit:conflict': ({ operation }) => made.conflicts.add(1, { ...common, operation }),
    })
  }

  /** @param pool of the session's memory */
  resources({ cpuShare, rssBytes, wasmBytes, poolBytes, spilledBytes, diskFreeBytes }: ResourceSample): void {
    const { cpu, rss, wasm, pool, spill, diskFree } = this.#instruments
    cpu.record(cpuShare, this.#common)
    rss.record(rssBytes, this.#common)
    wasm.record(wasmBytes, this.#common)
    pool.record(poolBytes, this.#common)
    spill.record(spilledBytes, this.#common)
    if (diskFreeBytes !== null) diskFree.record(diskFreeBytes, this.#common)
  }

  freshness(changes: TableChanges, nowMs: number): void {
    for (const [table, changedMs] of changes) {
      if (changedMs !== null) this.#instruments.freshness.record((nowMs - changedMs) / 1000, { ...this.#common, table })
    }
  }

  close(): void {
    this.#stop()
  }

  #run({ result, error }: RunFinishMessage): void {
    const made = this.#instruments
    if (result === null && error === null) return
    const status = result?.status ?? 'failed'
    made.runs.add(1, { ...this.#common, status })
    if (result === null) return
    made.runDuration.record(result.durationMs / 1000, this.#common)
    made.quarantined.add(result.quarantined, this.#common)
    for (const { table, rule, level, status: outcome, metric, rowsFailed } of result.quality) {
      const about = { ...this.#common, table, rule, level }
      if (metric !== null) made.quality.record(metric, about)
      if (rowsFailed !== null) made.qualityRows.record(rowsFailed, about)
      made.qualityPassed.record(outcome === 'passed' ? 1 : 0, about)
    }
    for (const { name, description, unit, value } of result.metrics) {
      if (value === null) continue
      this.#meter.createGauge(`deltaworks.business.${name}`, { description, unit }).record(value, this.#common)
    }
    for (const { table, layer, version, rowCount, files, sizeBytes } of result.tables) {
      const about = { ...this.#common, table, layer }
      if (rowCount !== null) made.tableRows.record(rowCount, about)
      made.tableFiles.record(files, about)
      made.tableBytes.record(sizeBytes, about)
      made.tableVersion.record(version, about)
    }
  }

  #step({ durationMs, result }: StepFinishMessage): void {
    const { table, layer, kind, status, rowsIn, rowsOut, rowsQuarantined, filesWritten, bytesWritten, attempts } =
      result
    const about = { ...this.#common, table, layer, kind }
    const made = this.#instruments
    made.steps.add(1, { ...about, status })
    made.stepDuration.record(durationMs / 1000, about)
    made.rowsIn.add(rowsIn, about)
    made.rowsOut.add(rowsOut, about)
    made.rowsRefused.add(rowsQuarantined, about)
    made.filesWritten.add(filesWritten, about)
    made.bytesWritten.add(bytesWritten, about)
    if (attempts > 1) made.retries.add(attempts - 1, about)
  }
}

function instrumentsOf(meter: Meter) {
  const counter = (name: string, description: string, unit = '1') =>
    meter.createCounter(`deltaworks.${name}`, { description, unit })
  const gauge = (name: string, description: string, unit = '1') =>
    meter.createGauge(`deltaworks.${name}`, { description, unit })
  return {
    runs: counter('run.count', 'Runs that ended, by status'),
    runDuration: gauge('run.duration', 'How long the run took', 's'),
    steps: counter('step.count', 'Steps that ended, by status'),
    stepDuration: gauge('step.duration', 'How long the step took', 's'),
    retries: counter('step.retries', 'Further tries of steps'),
    rowsIn: counter('rows.in', 'Rows that steps read'),
    rowsOut: counter('rows.out', 'Rows that steps wrote'),
    rowsRefused: counter('rows.refused', 'Rows of steps that went into the quarantine'),
    quarantined: counter('rows.quarantined', 'Rows that are new in the quarantine'),
    filesWritten: counter('files.written', 'Data files'),
    bytesWritten: counter('bytes.written', 'Bytes of data files', 'By'),
    queries: counter('query.count', 'Queries'),
    queryDuration: meter.createHistogram('deltaworks.query.duration', {
      description: 'How long queries took',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300] },
    }),
    spilled: counter('spilled.bytes', 'Bytes that went to disk for want of memory', 'By'),
    exchanged: counter('exchanged.bytes', 'Bytes that crossed threads', 'By'),
    filesScanned: counter('files.scanned', 'Data files that queries read'),
    filesPruned: counter('files.pruned', 'Data files that statistics told to leave out'),
    commits: counter('commit.count', 'Commits of tables'),
    conflicts: counter('commit.conflicts', 'Commits that lost to another writer'),
    workerHeap: gauge('worker.heap', 'WebAssembly memory in use of a worker thread', 'By'),
    quality: gauge('quality.metric', 'What a rule measured'),
    qualityRows: gauge('quality.rows_failed', 'Rows on which a rule failed'),
    qualityPassed: gauge('quality.passed', '1 if a rule passed, else 0'),
    tableRows: gauge('table.rows', 'Rows of a table'),
    tableFiles: gauge('table.files', 'Data files of a table'),
    tableBytes: gauge('table.bytes', 'Bytes of a table', 'By'),
    tableVersion: gauge('table.version', 'Version of a table'),
    freshness: gauge('table.age', 'Time since the rows of a table changed', 's'),
    cpu: gauge('process.cpu', 'Share of one core'),
    rss: gauge('process.memory', 'Resident memory of the process', 'By'),
    wasm: gauge('process.wasm_memory', 'WebAssembly memory of the main thread', 'By'),
    pool: gauge('process.pool', 'Memory that operators have reserved', 'By'),
    spill: gauge('process.spill', 'Temporary disk that operators use now', 'By'),
    diskFree: gauge('disk.free', 'Free bytes where temporary files are', 'By'),
  }
}
