import type { Attributes } from '@opentelemetry/api'
import { DataPointType, type Histogram, type ResourceMetrics } from '@opentelemetry/sdk-metrics'

/** Counts of a histogram's values. */
export interface Statistics {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
}

/** One figure, as formats without a data model want it. */
export interface MetricPoint {
  readonly name: string
  readonly unit: string
  readonly attributes: Attributes
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly value: number | Statistics
  readonly timeMs: number
}

export const metricPoints = (resourceMetrics: ResourceMetrics): readonly MetricPoint[] =>
  resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
    metrics.flatMap((metric) =>
      metric.dataPoints.map(({ attributes, value, endTime }): MetricPoint => {
        const { name, unit } = metric.descriptor
        const timeMs = endTime[0] * 1000 + Math.round(endTime[1] / 1e6)
        const common = { name, unit, attributes, timeMs }
        if (metric.dataPointType === DataPointType.HISTOGRAM) {
          const { count, sum = 0, min = 0, max = 0 } = value as Histogram
          return { ...common, kind: 'histogram', value: { count, sum, min, max } }
        }
        const kind = metric.dataPointType === DataPointType.SUM ? 'counter' : 'gauge'
        return { ...common, kind, value: value as number }
      }),
    ),
  )
