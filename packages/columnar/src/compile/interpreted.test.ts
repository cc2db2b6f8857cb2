import { bind, col, fn, lit, utcContext, type Expr } from '@deltaworks/expression'
import { date, schema, string, type DataType, type Value } from '@deltaworks/schema'
import { Arena } from '../arena.js'
import type { Column } from '../column.js'
import { createContext } from '../context.js'
import { recordBatch } from '../record-batch.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'
import { InterpretedExpression } from './interpreted.js'

describe('InterpretedExpression', () => {
  const context = createContext()

  function compute(
    type: DataType,
    values: readonly Value[],
    expression: Expr,
  ): { column: Column; values: Value[]; close(): void } {
    const input = schema([{ name: 'x', type, nullable: true }])
    const arena = new Arena(context.heap)
    const batch = recordBatch(input, values.length, [columnFromValues(arena, type, values)])
    const column = new InterpretedExpression(context, bind(expression.node, input), utcContext).column(arena, batch)
    return { column, values: values.map((_, row) => readValue(context.heap, column, row)), close: () => arena.close() }
  }

  it('E-05: evaluates once a different value where values repeat; nulls are null', () => {
    const days = Array.from({ length: 3000 }, (_, i) => (i % 7 === 3 ? null : i % 90))
    const result = compute(date, days, fn.date_format(col('x'), lit('yyyy-MM')))
    expect(result.column.dictionary?.length).toBe(3)
    expect(result.values).toEqual(days.map((day) => (day === null ? null : `1970-0${day < 31 ? 1 : day < 59 ? 2 : 3}`)))
    result.close()
  })

  it('E-05: evaluates row by row where they do not, with the same values', () => {
    const texts = Array.from({ length: 2000 }, (_, i) => (i % 5 === 0 ? null : `${i}@example.org`))
    const result = compute(string, texts, fn.rlike(col('x'), lit('^[0-9]*[02468]@')))
    expect(result.column.dictionary).toBeNull()
    expect(result.values).toEqual(texts.map((text) => (text === null ? null : Number.parseInt(text, 10) % 2 === 0)))
    result.close()
  })

  it('E-05: a value that fails names its row', () => {
    const texts = Array.from({ length: 1000 }, (_, i) => (i === 700 ? 'x' : String(i % 10)))
    expect(() => compute(string, texts, col('x').cast(date))).toThrow(/row/)
  })
})
