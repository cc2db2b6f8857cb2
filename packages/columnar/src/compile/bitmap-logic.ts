import type { BoundExpression } from '@deltaworks/expression'
import type { Arena } from '../arena.js'
import { fixedColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import type { RecordBatch } from '../record-batch.js'

/** Address of a bitmap, or what all of its bits are. */
type Bitmap = number | 'all' | 'none'

const operations = { and: 0, or: 1, andNot: 2 } as const

/** Whether an expression only combines conditions that are there, and asks what is null: then it needs no look at single rows. */
export function isBitmapLogic(e: BoundExpression): boolean {
  return e.kind === 'call' && e.type.kind === 'boolean' && isCondition(e)
}

function isCondition(e: BoundExpression): boolean {
  if (e.type.kind !== 'boolean') return false
  if (e.kind === 'column') return true
  if (e.kind === 'literal') return true
  if (e.kind !== 'call') return false
  const [first, second] = e.args
  switch (e.name) {
    case 'not':
    case 'and':
    case 'or':
      return e.args.every(isCondition)
    case 'is_null':
    case 'is_not_null':
      return (first!.kind === 'column' && first!.type.kind !== 'null') || isCondition(first!)
    case 'coalesce':
      return e.args.length === 2 && second!.kind === 'literal' && second!.value !== null && e.args.every(isCondition)
    default:
      return false
  }
}

/**
 * Conditions of three values as two bitmaps each, one of the rows for which it is true and one of those for which it is false:
 * a negation changes their places, and a word of a junction is 64 rows.
 */
export class BitmapLogic {
  readonly #context: ColumnarContext
  readonly #expressions: readonly BoundExpression[]

  /** @param expressions for which `isBitmapLogic` holds */
  constructor(context: ColumnarContext, expressions: readonly BoundExpression[]) {
    this.#context = context
    this.#expressions = expressions
  }

  project(arena: Arena, batch: RecordBatch): Column[] {
    const bitmaps = new BatchBitmaps(this.#context, arena, batch)
    return this.#expressions.map((e) => bitmaps.column(e))
  }
}

class BatchBitmaps {
  readonly #context: ColumnarContext
  readonly #arena: Arena
  readonly #batch: RecordBatch
  readonly #bytes: number
  #ones = 0

  constructor(context: ColumnarContext, arena: Arena, batch: RecordBatch) {
    this.#context = context
    this.#arena = arena
    this.#batch = batch
    this.#bytes = (batch.rowCount + 7) >> 3
  }

  column(e: BoundExpression): Column {
    const { rowCount } = this.#batch
    const truth = this.#where(e, true)
    const known = e.nullable ? this.#junction('or', truth, this.#where(e, false)) : 'all'
    const values = this.#addressOf(truth)
    if (known === 'all') return fixedColumn(e.type, rowCount, values)
    const validity = this.#addressOf(known)
    const nulls = rowCount - this.#context.kernels['bitsCount']!(validity, 0, 0, 0, rowCount)
    return fixedColumn(e.type, rowCount, values, nulls === 0 ? 0 : validity, nulls)
  }

  /** Rows for which the condition is `wanted`; for the others it is the opposite, or null. */
  #where(e: BoundExpression, wanted: boolean): Bitmap {
    if (e.kind === 'literal') return e.value === wanted ? 'all' : 'none'
    if (e.kind === 'column') {
      const { values, validity } = this.#batch.columns[e.index]!
      const known = validity === 0 ? 'all' : validity
      return this.#combine(wanted ? 'and' : 'andNot', known, values)
    }
    if (e.kind !== 'call') throw new TypeError(`${e.kind} is no condition`)
    const first = e.args[0]!
    switch (e.name) {
      case 'not':
        return this.#where(first, !wanted)
      case 'and':
      case 'or':
        return e.args
          .map((arg) => this.#where(arg, wanted))
          .reduce((a, b) => this.#junction((e.name === 'and') === wanted ? 'and' : 'or', a, b))
      case 'is_null':
      case 'is_not_null': {
        const known = this.#known(first)
        return (e.name === 'is_not_null') === wanted ? known : this.#combine('andNot', 'all', known)
      }
      default: {
        const otherwise = (e.args[1] as Extract<BoundExpression, { readonly kind: 'literal' }>).value
        return otherwise === wanted
          ? this.#combine('andNot', 'all', this.#where(first, !wanted))
          : this.#where(first, wanted)
      }
    }
  }

  #known(e: BoundExpression): Bitmap {
    if (e.kind !== 'column') return this.#junction('or', this.#where(e, true), this.#where(e, false))
    const { validity } = this.#batch.columns[e.index]!
    return validity === 0 ? 'all' : validity
  }

  #junction(operation: 'and' | 'or', a: Bitmap, b: Bitmap): Bitmap {
    const [decisive, neutral] = operation === 'and' ? (['none', 'all'] as const) : (['all', 'none'] as const)
    if (a === decisive || b === decisive) return decisive
    if (a === neutral) return b
    return b === neutral ? a : this.#combine(operation, a, b)
  }

  #combine(operation: 'and' | 'or' | 'andNot', a: Bitmap, b: Bitmap): Bitmap {
    if (operation === 'andNot') {
      if (a === 'none' || b === 'all') return 'none'
      if (b === 'none') return a
    } else if (typeof a === 'string' || typeof b === 'string') return this.#junction(operation, a, b)
    const target = this.#arena.allocate(this.#bytes)
    const { kernels } = this.#context
    kernels['bitsCombine']!(operations[operation], this.#addressOf(a), this.#addressOf(b), this.#bytes, target)
    return target
  }

  #addressOf(bitmap: Bitmap): number {
    if (typeof bitmap === 'number') return bitmap
    if (bitmap === 'none') return this.#arena.allocateZeroed(this.#bytes)
    if (this.#ones === 0) {
      this.#ones = this.#arena.allocate(this.#bytes)
      this.#context.heap.fill(this.#ones, 0xff, this.#bytes)
    }
    return this.#ones
  }
}
