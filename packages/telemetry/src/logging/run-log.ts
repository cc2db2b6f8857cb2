import { createRequire } from 'node:module'
import type { Logger, pino as Pino } from 'pino'
import { logNotWritable, reasonOf } from '../errors.js'
import { listen } from '../subscriptions.js'
import { maskPersons, type SecretMask } from '../secrets/secret-mask.js'

export interface LogOptions {
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | undefined
  /** Default: standard error. */
  readonly file?: string | undefined
}

/** What every line says. */
export interface LogFacts {
  readonly lakehouse: string
  readonly environment: string
}

/** JSON lines of what a run does, with its id, those of its steps, and those of spans if it is traced. */
export class RunLog {
  readonly #logger: Logger
  readonly #stop: () => void
  readonly #close: () => void

  constructor({ level = 'info', file }: LogOptions, facts: LogFacts, mask: SecretMask, spanIds: () => object | null) {
    const pino = createRequire(import.meta.url)('pino') as typeof Pino
    const destination = openDestination(pino, file)
    this.#close = () => destination.flushSync()
    this.#logger = pino(
      {
        level,
        base: { service: 'deltaworks', pid: process.pid, ...facts },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        mixin: () => spanIds() ?? {},
        hooks: { streamWrite: (line) => maskPersonsInLine(mask.mask(line)) },
      },
      destination,
    )
    this.#stop = this.#listen()
  }

  warn(facts: object, message: string): void {
    this.#logger.warn(facts, message)
  }

  close(): void {
    this.#stop()
    this.#close()
  }

  #listen(): () => void {
    let run = this.#logger
    const step = (id: string) => ({ step_id: id })
    return listen({
      'deltaworks:run:start': ({ runId, root }) => {
        run = this.#logger.child({ run_id: runId })
        run.info({ lake: root }, 'run started')
      },
      'deltaworks:step:start': ({ step: id, kind }) => run.debug({ ...step(id), kind }, 'step started'),
      'deltaworks:step:finish': ({ step: id, result, failure, durationMs }) => {
        const { kind, table, layer, status, rowsIn, rowsOut, rowsQuarantined, version, attempts } = result
        const facts = {
          ...step(id),
          kind,
          table,
          layer,
          status,
          rowsIn,
          rowsOut,
          rowsQuarantined,
          version,
          attempts,
          durationMs,
        }
        if (status === 'failed') run.error({ ...facts, code: failure?.code, error: failure?.message }, 'step failed')
        else run.info(facts, 'step finished')
      },
      'deltaworks:quality:failed': ({ table, rule, level, metric, threshold, rowsFailed, message }) => {
        const facts = { table, rule, rule_level: level, metric, threshold, rowsFailed, reason: message }
        if (level === 'critical') run.error(facts, 'quality rule failed')
        else run.warn(facts, 'quality rule failed')
      },
      'deltaworks:commit:finish': (commit) => run.debug({ ...commit }, 'committed'),
      'deltaworks:commit:conflict': ({ table, operation }) =>
        run.warn({ table, operation }, 'lost a commit to another writer'),
      'deltaworks:resources:pressure': (pressure) => run.warn({ ...pressure }, 'near a limit'),
      'deltaworks:run:finish': ({ result, error }) => {
        if (error !== null) {
          const { code, message } = error as { readonly code?: string; readonly message?: string }
          run.error({ code, error: message }, 'run failed')
        } else if (result === null) run.info('nothing to do: another run has it, or had it')
        else {
          const { status, durationMs, quarantined } = result
          const facts = { status, durationMs, rowsQuarantined: quarantined }
          if (status === 'failed' || status === 'quality_failed') run.error(facts, 'run finished')
          else run.info(facts, 'run finished')
        }
      },
    })
  }
}

/** @throws TelemetryError DW-TELEMETRY-0007 */
function openDestination(pino: typeof Pino, file: string | undefined) {
  try {
    return pino.destination({ dest: file ?? 2, sync: true, append: true, mkdir: true })
  } catch (error) {
    throw logNotWritable(file ?? 'standard error', reasonOf(error), error)
  }
}

/** Times and ids of a line look like telephone numbers: only values that are prose are looked at. */
const maskPersonsInLine = (line: string): string =>
  line.replaceAll(
    /"(error|reason)":"((?:[^"\\]|\\.)*)"/g,
    (_, key: string, text: string) => `"${key}":"${maskPersons(text)}"`,
  )
