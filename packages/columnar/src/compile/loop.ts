import type { BoundExpression } from '@deltaworks/expression'
import { isVariableLength, type DataType, type Schema } from '@deltaworks/schema'
import { byteWidth } from '../column.js'
import { lower } from './lower.js'
import { LoopBuilder, type ColumnForm, type Operand, type Slot } from './loop-builder.js'
import {
  branch,
  branchIf,
  i32Const,
  i64Const,
  load,
  localGet,
  localSet,
  moduleBytes,
  op,
  store,
  type Code,
} from './wasm-module.js'

/** The bytes of a module for several expressions and one pattern of input columns, and what its parameter block holds. */
export interface LoopPlan {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly slots: readonly Slot[]
  readonly imports: readonly string[]
  /** Indexes of the expressions that it computes; the others must be interpreted. */
  readonly compiled: readonly number[]
  /** One an output: whether it can be null. */
  readonly nullable: readonly boolean[]
  readonly canFlag: boolean
  readonly makesText: boolean
}

/** @returns null if none of the expressions can be compiled */
export function planLoop(
  expressions: readonly BoundExpression[],
  schema: Schema,
  forms: readonly ColumnForm[],
  zoneIsUtc: boolean,
): LoopPlan | null {
  const b = new LoopBuilder(schema, forms, zoneIsUtc)
  const compiled: number[] = []
  const operands: Operand[] = []
  expressions.forEach((expression, i) => {
    const operand = b.attempt(() => lower(b, expression))
    if (operand === null) return
    compiled.push(i)
    operands.push(operand)
  })
  if (compiled.length === 0) return null
  const blockEnd: number[] = []
  const words: number[] = []
  operands.forEach((operand, output) => {
    writeOutput(b, operand, expressions[compiled[output]!]!.type, output, words, blockEnd)
  })
  if (b.canFlag) writeFlags(b, words, blockEnd)
  const body = assemble(b, words, blockEnd)
  return {
    bytes: moduleBytes(b.imports, b.locals, body),
    slots: b.slots,
    imports: b.imports.map((f) => f.name),
    compiled,
    nullable: operands.map((o) => o.valid !== null),
    canFlag: b.canFlag,
    makesText: b.usesState,
  }
}

/** Adds the row's bit to a word that is stored at the end of the block. */
function writeBit(b: LoopBuilder, bit: Code, address: Code, words: number[], blockEnd: number[], count?: number): void {
  const word = b.local('i32')
  words.push(word)
  b.emit(localGet(word), bit, localGet(b.bit), op.i32shl, op.i32or, localSet(word))
  // After the block's last row `row` is one past it; the word belongs to the rows from (row - 1) & ~31 on.
  const at: Code = [
    ...localGet(b.row),
    ...i32Const(1),
    ...op.i32sub,
    ...i32Const(5),
    ...op.i32shrU,
    ...i32Const(2),
    ...op.i32shl,
  ]
  blockEnd.push(...address, ...at, ...op.i32add, ...localGet(word), ...store.i32())
  if (count !== undefined) {
    blockEnd.push(...localGet(count), ...localGet(word), ...op.popcount, ...op.i32add, ...localSet(count))
  }
}

function writeOutput(
  b: LoopBuilder,
  operand: Operand,
  type: DataType,
  output: number,
  words: number[],
  blockEnd: number[],
): void {
  const values = b.slot({ kind: 'outputValues', output })
  if (operand.valid !== null) {
    const count = b.local('i32')
    writeBit(b, operand.valid, b.slot({ kind: 'outputValidity', output }), words, blockEnd, count)
    // The slot's place in the parameter block takes the number of rows that are not null.
    b.slot({ kind: 'validCount', output })
    const place = b.slots.findIndex((s) => s.kind === 'validCount' && s.output === output)
    blockEnd.push(...localGet(0), ...localGet(count), ...store.i32(place * 4))
  }
  if (type.kind === 'boolean') {
    writeBit(b, operand.code, values, words, blockEnd)
    return
  }
  const width = isVariableLength(type) ? 8 : byteWidth(type)
  const address: Code = [...values, ...localGet(b.row), ...i32Const(Math.log2(width)), ...op.i32shl, ...op.i32add]
  switch (type.kind) {
    case 'int8':
      return b.emit(address, operand.code, store.i8())
    case 'int16':
      return b.emit(address, operand.code, store.i16())
    case 'int32':
    case 'date':
      return b.emit(address, operand.code, store.i32())
    case 'float32':
      return b.emit(address, operand.code, op.demote, store.f32())
    case 'float64':
      return b.emit(address, operand.code, store.f64())
    case 'string': {
      // A null text is empty, whatever its slot held.
      const code: Code =
        operand.valid === null ? operand.code : [...operand.code, ...i64Const(0n), ...operand.valid, ...op.select]
      return b.emit(address, code, store.i64())
    }
    default:
      b.emit(address, operand.code, store.i64())
      if (width === 16) b.emit(address, operand.high, store.i64(8))
  }
}

function writeFlags(b: LoopBuilder, words: number[], blockEnd: number[]): void {
  const address = b.slot({ kind: 'flags' })
  writeBit(b, [...localGet(b.flags), ...i32Const(0), ...op.i32ne], address, words, blockEnd)
}

function assemble(b: LoopBuilder, words: readonly number[], blockEnd: readonly number[]): Code {
  const out: number[] = []
  const push = (...parts: readonly Code[]): void => {
    for (const part of parts) for (const byte of part) out.push(byte)
  }
  const end = b.local('i32')
  const any = b.local('i32')
  b.slotLocals.forEach((local, i) => push(localGet(0), load.i32(i * 4), localSet(local)))
  push(op.block, op.loop)
  push(localGet(b.row), localGet(1), op.i32ge, branchIf(1))
  push(b.blockStart)
  for (const word of words) push(i32Const(0), localSet(word))
  // end = min(row + 32, rowCount)
  push(
    localGet(b.row),
    i32Const(32),
    op.i32add,
    localGet(1),
    localGet(b.row),
    i32Const(32),
    op.i32add,
    localGet(1),
    op.i32lt,
    op.select,
    localSet(end),
  )
  push(i32Const(0), localSet(b.bit))
  push(op.loop)
  if (b.canFlag) push(i32Const(0), localSet(b.flags))
  push(b.rowStart, b.code)
  if (b.canFlag) push(localGet(any), localGet(b.flags), op.i32or, localSet(any))
  push(localGet(b.bit), i32Const(1), op.i32add, localSet(b.bit))
  push(localGet(b.row), i32Const(1), op.i32add, localSet(b.row))
  push(localGet(b.row), localGet(end), op.i32lt, branchIf(0), op.end)
  push(blockEnd, branch(0), op.end, op.end)
  push(localGet(any))
  return out
}
