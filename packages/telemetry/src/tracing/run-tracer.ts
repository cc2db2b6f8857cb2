import { AsyncLocalStorage } from 'node:async_hooks'
import {
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import type { RunFinishMessage, StepFinishMessage } from '../events.js'
import { listen } from '../subscriptions.js'

/** A span that is open or was, and what it is part of. What happens belongs to the innermost one that is still open. */
interface Frame {
  readonly span: Span
  readonly parent: Frame | null
  open: boolean
}

/**
 * Spans of a run: run → step → query → stage → task, made of what the packages publish. Which query belongs to which step, and
 * which stage to which query, is told by the asynchronous context that it is published in.
 */
export class RunTracer {
  readonly #tracer: Tracer
  readonly #parent: Context
  readonly #current = new AsyncLocalStorage<Frame>()
  readonly #steps = new Map<string, Frame>()
  readonly #queries = new WeakMap<object, Frame>()
  readonly #parts = new Map<string, Frame>()
  #run: Frame | null = null
  readonly #stop: () => void

  /** @param traceparent W3C trace context of who started the run */
  constructor(tracer: Tracer, traceparent?: string) {
    this.#tracer = tracer
    this.#parent = contextOf(traceparent)
    this.#stop = listen({
      'deltaworks:run:start': ({ runId, lakehouse, environment, root }) => {
        this.#run = this.#begin(`run ${lakehouse}`, null, {
          'deltaworks.run.id': runId,
          'deltaworks.lakehouse': lakehouse,
          'deltaworks.environment': environment,
          'deltaworks.lake': root,
        })
        this.#current.enterWith(this.#run)
      },
      'deltaworks:run:finish': (message) => this.#endRun(message),
      'deltaworks:step:start': ({ runId, step, kind }) => {
        const frame = this.#begin(step, this.#run, { 'deltaworks.run.id': runId, 'deltaworks.step.kind': kind })
        this.#steps.set(step, frame)
        this.#current.enterWith(frame)
      },
      'deltaworks:step:finish': (message) => this.#endStep(message),
      'deltaworks:query:start': ({ plan, metrics }) => {
        const frame = this.#begin(`query ${plan.kind}`, this.#now(), {})
        this.#queries.set(metrics, frame)
        this.#current.enterWith(frame)
      },
      'deltaworks:query:finish': ({ metrics }) => {
        const frame = this.#queries.get(metrics)
        this.#end(frame, {
          'deltaworks.rows.out': metrics.rowsOut,
          'deltaworks.files.total': metrics.filesTotal,
          'deltaworks.files.pruned': metrics.filesPruned,
          'deltaworks.spilled.bytes': metrics.spilledBytes,
        })
        const parent = frame?.parent ?? null
        if (parent !== null) this.#current.enterWith(parent)
      },
      'deltaworks:stage:start': ({ stage, name, morsels }) => {
        const query = this.#now()
        this.#parts.set(
          partKey(query, stage),
          this.#begin(`stage ${name}`, query, { 'deltaworks.stage': stage, 'deltaworks.morsels': morsels }),
        )
      },
      'deltaworks:stage:finish': ({ stage, rows, exchangedBytes, spilledBytes }) =>
        this.#endPart(partKey(this.#now(), stage), {
          'deltaworks.rows.out': rows,
          'deltaworks.exchanged.bytes': exchangedBytes,
          'deltaworks.spilled.bytes': spilledBytes,
        }),
      'deltaworks:task:start': ({ stage, name, task }) => {
        const query = this.#now()
        const parent = this.#parts.get(partKey(query, stage)) ?? query
        this.#parts.set(partKey(query, stage, task), this.#begin(`task ${name}`, parent, { 'deltaworks.task': task }))
      },
      'deltaworks:task:finish': ({ stage, task, rows, morsels, heapBytes }) =>
        this.#endPart(partKey(this.#now(), stage, task), {
          'deltaworks.rows.out': rows,
          'deltaworks.morsels': morsels,
          'deltaworks.heap.bytes': heapBytes,
        }),
      'deltaworks:commit:finish': ({ table, version, operation, attempts }) =>
        this.#now()?.span.addEvent('commit', defined({ table, version, operation, attempts })),
      'deltaworks:commit:conflict': ({ table, operation }) =>
        this.#now()?.span.addEvent('conflict', { table, operation }),
      'deltaworks:quality:failed': ({ table, rule, level, message }) =>
        (this.#now() ?? this.#run)?.span.addEvent('quality failed', { table, rule, level, message }),
    })
  }

  /** Of what happens now: what log lines are found by. */
  spanIds(): { readonly trace_id: string; readonly span_id: string } | null {
    const frame = this.#now()
    if (frame === null) return null
    const { traceId, spanId } = frame.span.spanContext()
    return { trace_id: traceId, span_id: spanId }
  }

  close(): void {
    this.#stop()
    if (this.#run?.open === true) this.#end(this.#run, {})
  }

  /** The innermost open frame that the caller runs in. */
  #now(): Frame | null {
    let frame = this.#current.getStore() ?? this.#run
    while (frame !== null && !frame.open) frame = frame.parent
    return frame
  }

  #begin(name: string, parent: Frame | null, attributes: Attributes): Frame {
    const context = parent === null ? this.#parent : trace.setSpan(ROOT_CONTEXT, parent.span)
    return { span: this.#tracer.startSpan(name, { attributes }, context), parent, open: true }
  }

  #end(frame: Frame | undefined, attributes: Attributes): void {
    if (frame?.open !== true) return
    frame.span.setAttributes(attributes)
    frame.open = false
    frame.span.end()
  }

  #endPart(key: string, attributes: Attributes): void {
    this.#end(this.#parts.get(key), attributes)
    this.#parts.delete(key)
  }

  #endStep({ step, result, failure }: StepFinishMessage): void {
    const frame = this.#steps.get(step)
    if (frame === undefined) return
    if (failure !== null)
      frame.span.setStatus({ code: SpanStatusCode.ERROR, message: `${failure.code}: ${failure.message}` })
    this.#end(frame, stepAttributes(result))
    this.#steps.delete(step)
    if (frame.parent !== null) this.#current.enterWith(frame.parent)
  }

  #endRun({ result, error }: RunFinishMessage): void {
    for (const frame of [...this.#parts.values(), ...this.#steps.values()]) this.#end(frame, {})
    if (this.#run === null) return
    if (error !== null) {
      const { code, message } = error as { readonly code?: string; readonly message?: string }
      this.#run.span.setStatus({ code: SpanStatusCode.ERROR, message: `${code ?? 'error'}: ${message ?? ''}` })
    } else if (result?.status === 'failed' || result?.status === 'quality_failed') {
      this.#run.span.setStatus({ code: SpanStatusCode.ERROR, message: result.status })
    }
    this.#end(
      this.#run,
      result === null
        ? {}
        : { 'deltaworks.run.status': result.status, 'deltaworks.rows.quarantined': result.quarantined },
    )
  }
}

const stepAttributes = (step: StepFinishMessage['result']): Attributes =>
  defined({
    'deltaworks.table': step.table,
    'deltaworks.layer': step.layer,
    'deltaworks.step.status': step.status,
    'deltaworks.attempts': step.attempts,
    'deltaworks.rows.in': step.rowsIn,
    'deltaworks.rows.out': step.rowsOut,
    'deltaworks.rows.quarantined': step.rowsQuarantined,
    'deltaworks.files.written': step.filesWritten,
    'deltaworks.bytes.written': step.bytesWritten,
    'deltaworks.table.version': step.version ?? undefined,
  })

const defined = (attributes: Readonly<Record<string, string | number | undefined>>): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))

const partKey = (query: Frame | null, stage: number, task?: number): string =>
  `${query?.span.spanContext().spanId ?? ''}/${stage}${task === undefined ? '' : `/${task}`}`

/** `00-<trace>-<span>-<flags>`; anything else is no parent. */
function contextOf(traceparent: string | undefined): Context {
  const match = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent ?? '')
  if (match === null) return ROOT_CONTEXT
  const [, traceId, spanId, flags] = match
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: traceId!,
    spanId: spanId!,
    traceFlags: parseInt(flags!, 16),
    isRemote: true,
  })
}
