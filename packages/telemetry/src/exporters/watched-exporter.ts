import type { Attributes } from '@opentelemetry/api'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { notExported, reasonOf } from '../errors.js'
import type { SecretMask } from '../secrets/secret-mask.js'

/** Told of what could not be sent. */
export type OnFailure = (error: Error) => void

/** Sends spans without secrets, and tells what could not be sent instead of throwing it. */
export const watchedSpans = (exporter: SpanExporter, mask: SecretMask, onFailure: OnFailure): SpanExporter => ({
  export: (spans, callback) =>
    exporter.export(
      spans.map((span) => maskedSpan(span, mask)),
      (result) => {
        if (result.error !== undefined) onFailure(notExported('the OTLP collector', reasonOf(result.error)))
        callback({ code: 0 })
      },
    ),
  shutdown: () => exporter.shutdown(),
  forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
})

/** The same of metrics. */
export function watchedMetrics(exporter: PushMetricExporter, onFailure: OnFailure): PushMetricExporter {
  const send = exporter.export.bind(exporter)
  exporter.export = (metrics, callback) =>
    send(metrics, (result) => {
      if (result.error !== undefined) {
        const { code } = result.error as { readonly code?: unknown }
        const known = typeof code === 'string' && code.startsWith('DW-')
        onFailure(known ? result.error : notExported('the OTLP collector', reasonOf(result.error)))
      }
      callback({ code: 0 })
    })
  return exporter
}

/** A span whose texts are masked; the original's methods and times are its own. */
function maskedSpan(span: ReadableSpan, mask: SecretMask): ReadableSpan {
  const masked = (attributes: Attributes): Attributes => mask.maskData(attributes)
  return Object.create(span, {
    name: { value: mask.mask(span.name) },
    attributes: { value: masked(span.attributes) },
    status: { value: mask.maskData(span.status) },
    events: { value: span.events.map((event) => ({ ...event, attributes: masked(event.attributes ?? {}) })) },
  }) as ReadableSpan
}
