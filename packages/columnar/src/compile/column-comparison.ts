import type { BoundExpression, BoundLiteral } from '@deltaworks/expression'
import type { DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { byteWidth } from '../column.js'
import type { ColumnarContext } from '../context.js'
import type { RecordBatch } from '../record-batch.js'

type Operand = { readonly column: number } | { readonly literal: bigint }

/** A comparison of two columns of integers, or of one with a value: a = b or a > b, or the opposite. */
export interface ColumnComparison {
  readonly kernel: string
  readonly width: 4 | 8
  readonly negated: boolean
  readonly left: Operand
  readonly right: Operand
}

/** By name: whether it asks for equality, whether it is the opposite, whether its sides change places. */
const forms: Readonly<Record<string, readonly [equal: boolean, negated: boolean, swapped: boolean]>> = {
  eq: [true, false, false],
  ne: [true, true, false],
  gt: [false, false, false],
  le: [false, true, false],
  lt: [false, false, true],
  ge: [false, true, true],
}

/** @returns null if the expression is something else */
export function columnComparison(e: BoundExpression): ColumnComparison | null {
  if (e.kind !== 'call') return null
  const form = forms[e.name]
  if (form === undefined || e.args.length !== 2) return null
  const [equal, negated, swapped] = form
  const width = integerWidth(e.args[0]!.type)
  if (width === null || width !== integerWidth(e.args[1]!.type)) return null
  const [first, second] = [operandOf(e.args[0]!), operandOf(e.args[1]!)]
  if (first === null || second === null) return null
  if (!('column' in first) && !('column' in second)) return null
  const [left, right] = swapped ? [second, first] : [first, second]
  return { kernel: `${equal ? 'keepEqual' : 'keepGreater'}${width * 8}`, width, negated, left, right }
}

function operandOf(e: BoundExpression): Operand | null {
  if (e.kind === 'column') return { column: e.index }
  return e.kind === 'literal' && e.value !== null ? integerOf(e) : null
}

const integerOf = ({ value }: BoundLiteral): Operand | null =>
  typeof value === 'bigint' || typeof value === 'number' ? { literal: BigInt(value) } : null

function integerWidth(type: DataType): 4 | 8 | null {
  switch (type.kind) {
    case 'int32':
    case 'date':
      return 4
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return 8
    case 'decimal':
      return byteWidth(type) === 8 ? 8 : null
    default:
      return null
  }
}

/** Takes the bits of rows for which the comparison is not true (false, or null) out of a bitmap. */
export function keepComparison(
  { heap, kernels }: ColumnarContext,
  arena: Arena,
  batch: RecordBatch,
  { kernel, width, negated, left, right }: ColumnComparison,
  bits: number,
): void {
  const { rowCount } = batch
  const place = (operand: Operand): readonly [address: number, step: number] => {
    if ('column' in operand) return [batch.columns[operand.column]!.values, 1]
    const address = arena.allocate(16)
    if (width === 4) for (let i = 0; i < 4; i++) heap.i32[(address >>> 2) + i] = Number(operand.literal)
    else for (let i = 0; i < 2; i++) heap.i64[(address >>> 3) + i] = operand.literal
    return [address, 0]
  }
  kernels[kernel]!(negated ? 0xffff : 0, ...place(left), ...place(right), rowCount, bits)
  for (const operand of [left, right]) {
    const validity = 'column' in operand ? batch.columns[operand.column]!.validity : 0
    if (validity !== 0) kernels['bitsCombine']!(0, bits, validity, (rowCount + 7) >> 3, bits)
  }
}
