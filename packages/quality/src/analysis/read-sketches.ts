import { col, expr, lit, when, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { float64 } from '@deltaworks/schema'
import type { SketchRequirement } from '../analyzers/analyzer.js'
import type { QueryRunner } from '../query-runner.js'
import { KllSketch, type KllSketchState } from './kll-sketch.js'

/** All sketches in one pass over the columns that they need. */
export async function readSketches(
  session: QueryRunner,
  frame: DataFrame,
  requirements: readonly SketchRequirement[],
  options: { readonly signal?: AbortSignal },
): Promise<readonly KllSketchState[]> {
  const sketches = requirements.map((size) => new KllSketch(pick(size)))
  const { heap } = session.context
  const query = frame.select(...requirements.map((requirement, i) => inputOf(requirement).as(`value_${i}`)))
  for await (const batch of session.stream(query, options)) {
    batch.columns.forEach((column, i) => {
      const sketch = sketches[i]!
      const values = heap.f64.subarray(column.values >>> 3, (column.values >>> 3) + column.length)
      const { u8 } = heap
      for (let row = 0; row < column.length; row++) {
        if (column.validity !== 0 && ((u8[column.validity + (row >>> 3)]! >> (row & 7)) & 1) === 0) continue
        sketch.update(values[row]!)
      }
    })
  }
  return sketches.map((sketch) => sketch.state())
}

const pick = ({ sketchSize, shrinkingFactor }: SketchRequirement) => ({ sketchSize, shrinkingFactor })

function inputOf({ column, filter }: SketchRequirement): Expr {
  const value = col(column).cast(float64)
  return filter === null ? value : when(expr(filter), value).otherwise(lit(null, float64))
}
