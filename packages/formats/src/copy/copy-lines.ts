import {
  Arena,
  createEvaluator,
  recordBatch,
  type ColumnarContext,
  type Evaluator,
  type Heap,
  type RecordBatch,
} from '@deltaworks/columnar'
import { bind, col, fn, lit, type Expr } from '@deltaworks/expression'
import { field, isInteger, isTimestamp, schema, string, type DataType, type Schema } from '@deltaworks/schema'

const [tab, newLine, carriageReturn, backslash] = [9, 10, 13, 92]

/**
 * Lines of COPY's text format, made by one compiled loop a batch: as long as no text has a character that is to be escaped.
 * Whether one has is counted afterwards: there are as many tabs, line ends and backslashes as columns, rows and nulls, or more.
 */
export class CopyLines {
  readonly #heap: Heap
  readonly #input: Schema
  readonly #evaluator: Evaluator

  private constructor(context: ColumnarContext, columns: Schema) {
    this.#heap = context.heap
    this.#input = schema(columns.fields.map(({ type }, i) => field(`c${i}`, type)))
    const values = columns.fields.map(({ type }, i) => fn.coalesce(textOf(col(`c${i}`), type), lit('\\N')))
    const line = fn.concat(...values.flatMap((value, i) => [...(i === 0 ? [] : [lit('\t')]), value]), lit('\n'))
    this.#evaluator = createEvaluator(context, [bind(line.node, this.#input)], this.#input)
  }

  /** @returns null if values of some column have no compiled text */
  static of(heap: Heap, columns: Schema): CopyLines | null {
    const { kernels } = heap
    if (kernels === null || columns.fields.length === 0 || !columns.fields.every(({ type }) => hasText(type)))
      return null
    return new CopyLines({ heap, kernels }, columns)
  }

  /** @returns null if a text has to be escaped */
  lines({ rowCount, columns }: RecordBatch): Uint8Array<ArrayBuffer> | null {
    const arena = new Arena(this.#heap)
    try {
      const [lines] = this.#evaluator.project(arena, recordBatch(this.#input, rowCount, columns))
      const { i32, u8 } = this.#heap
      const offsets = lines!.offsets >>> 2
      const bytes = u8.slice(lines!.values + i32[offsets]!, lines!.values + i32[offsets + rowCount]!)
      const nulls = columns.reduce((sum, column) => sum + this.#nulls(column), 0)
      return isPlain(bytes, rowCount, columns.length, nulls) ? bytes : null
    } finally {
      arena.close()
    }
  }

  #nulls({ validity, nullCount, length }: RecordBatch['columns'][number]): number {
    if (validity === 0) return 0
    return nullCount >= 0 ? nullCount : length - this.#heap.kernels!['bitsCount']!(validity, 0, 0, 0, length)
  }
}

const hasText = (type: DataType): boolean =>
  isInteger(type) || isTimestamp(type) || ['boolean', 'decimal', 'date', 'string'].includes(type.kind)

function textOf(column: Expr, type: DataType): Expr {
  switch (type.kind) {
    case 'string':
      return column
    case 'boolean':
      return fn.if(column, lit('t'), fn.if(column.not(), lit('f'), lit(null, string)))
    case 'timestamp':
      return fn.concat(column.cast(string), lit('+00'))
    default:
      return column.cast(string)
  }
}

function isPlain(bytes: Uint8Array, rows: number, columns: number, nulls: number): boolean {
  let [tabs, ends, escapes] = [0, 0, 0]
  for (const byte of bytes) {
    if (byte > backslash) continue
    if (byte === tab) tabs++
    else if (byte === newLine) ends++
    else if (byte === backslash) escapes++
    else if (byte === carriageReturn) return false
  }
  return tabs === rows * (columns - 1) && ends === rows && escapes === nulls
}
