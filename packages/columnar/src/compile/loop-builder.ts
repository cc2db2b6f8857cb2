import type { BoundExpression } from '@deltaworks/expression'
import { maxInt64DecimalPrecision, typeName, type DataType, type Schema } from '@deltaworks/schema'
import { kernelSignatures, type KernelName } from './kernel-signatures.js'
import {
  i32Const,
  i64Const,
  f64Const,
  load,
  localGet,
  localSet,
  op,
  type Code,
  type ImportedFunction,
  type WasmType,
} from './wasm-module.js'

/** How a value is held in WebAssembly: text is packed (address | bytes << 32), i128 two words. */
export type Representation = 'i32' | 'i64' | 'f64' | 'i128' | 'text'

/** A value of the current row: code that pushes it (cheap: a local or a constant), and whether it is not null (null: always). */
export interface Operand {
  readonly rep: Representation
  readonly code: Code
  /** The high word of an i128. */
  readonly high: Code
  readonly valid: Code | null
}

/** A word of the parameter block, which the caller fills before each run. */
export type Slot =
  | {
      readonly kind: 'values' | 'validity' | 'dictionaryOffsets' | 'dictionaryValues' | 'offsets'
      readonly column: number
    }
  | { readonly kind: 'outputValues' | 'outputValidity' | 'validCount'; readonly output: number }
  | { readonly kind: 'constant'; readonly text: Uint8Array; readonly length: boolean }
  | { readonly kind: 'state' | 'scratch' | 'flags' }

/** Which form the columns of a batch have; a module is made for one pattern. */
export interface ColumnForm {
  readonly nullable: boolean
  readonly dictionary: boolean
}

/** Thrown while lowering, and caught there: the expression has no exact compiled form. */
export class NotCompilable {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}
export function refuse(reason: string): never {
  throw new NotCompilable(reason)
}

export function representationOf(type: DataType): Representation {
  switch (type.kind) {
    case 'boolean':
    case 'int8':
    case 'int16':
    case 'int32':
    case 'date':
      return 'i32'
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return 'i64'
    case 'float32':
    case 'float64':
      return 'f64'
    case 'decimal':
      return type.precision <= maxInt64DecimalPrecision ? 'i64' : 'i128'
    case 'string':
      return 'text'
    default:
      return refuse(`values of type ${typeName(type)}`)
  }
}

const wasmTypeOf = (rep: Representation): WasmType => (rep === 'text' || rep === 'i128' ? 'i64' : rep)

/**
 * Collects the parts of one fused loop:
 *
 *   prologue                 parameters into locals
 *   loop over 32 rows        blockStart: words of bitmaps
 *     loop over rows         rowStart: columns; code: expressions; then outputs
 *                            blockEnd: bitmaps out
 */
export class LoopBuilder {
  readonly schema: Schema
  readonly forms: readonly ColumnForm[]
  readonly zoneIsUtc: boolean
  readonly locals: WasmType[] = []
  readonly slots: Slot[] = []
  readonly slotLocals: number[] = []
  readonly imports: ImportedFunction[] = []
  readonly blockStart: number[] = []
  readonly rowStart: number[] = []
  code: number[] = []
  canFlag = false
  readonly row: number
  readonly bit: number
  readonly flags: number
  #columns = new Map<number, Operand>()
  #known = new Map<string, Operand>()
  readonly #ids = new Map<string, number>()
  readonly #idOf = new WeakMap<BoundExpression, number>()
  readonly #slotKeys = new Map<string, number>()

  constructor(schema: Schema, forms: readonly ColumnForm[], zoneIsUtc: boolean) {
    this.schema = schema
    this.forms = forms
    this.zoneIsUtc = zoneIsUtc
    this.row = this.local('i32')
    this.bit = this.local('i32')
    this.flags = this.local('i32')
  }

  /** The two parameters come first. */
  local(type: WasmType): number {
    this.locals.push(type)
    return this.locals.length + 1
  }

  slot(slot: Slot): number[] {
    const key =
      slot.kind === 'constant' ? `${slot.length}:${Buffer.from(slot.text).toString('hex')}` : JSON.stringify(slot)
    let local = this.#slotKeys.get(key)
    if (local === undefined) {
      local = this.local('i32')
      this.slots.push(slot)
      this.slotLocals.push(local)
      this.#slotKeys.set(key, local)
    }
    return localGet(local)
  }

  kernel(name: KernelName): number[] {
    let index = this.imports.findIndex((f) => f.name === name)
    if (index < 0) {
      const [params, result] = kernelSignatures[name]
      this.imports.push({ name, params, result })
      index = this.imports.length - 1
    }
    return [0x10, index]
  }

  emit(...parts: readonly Code[]): void {
    for (const part of parts) for (const byte of part) this.code.push(byte)
  }

  /** Computes once; the returned code reads it again. */
  set(type: WasmType, ...parts: readonly Code[]): number[] {
    const local = this.local(type)
    this.emit(...parts, localSet(local))
    return localGet(local)
  }

  value(rep: Exclude<Representation, 'i128'>, code: Code, valid: Code | null): Operand {
    return { rep, code, high: [], valid }
  }

  /** Marks the row for the interpreter where the condition (an i32) is not zero. */
  flagIf(...condition: readonly Code[]): void {
    this.canFlag = true
    this.emit(localGet(this.flags), ...condition, op.i32or, localSet(this.flags))
  }

  /** Both not null. */
  allValid(...operands: readonly Operand[]): Code | null {
    const codes: Code[] = []
    for (const { valid } of operands) if (valid !== null && !codes.includes(valid)) codes.push(valid)
    if (codes.length <= 1) return codes[0] ?? null
    return this.set('i32', ...codes.flatMap((code, i) => (i === 0 ? [code] : [code, op.i32and])))
  }

  /** The operand of one of two branches, of which only one runs. */
  choose(condition: Code, rep: Representation, then: () => Operand, otherwise: () => Operand): Operand {
    const result = this.local(wasmTypeOf(rep))
    const high = rep === 'i128' ? this.local('i64') : -1
    const validLocal = this.local('i32')
    let nullable = false
    const branch = (of: () => Operand): void => {
      const known = new Map(this.#known)
      const operand = of()
      this.#known = known
      this.emit(operand.code, localSet(result))
      if (high >= 0) this.emit(operand.high, localSet(high))
      this.emit(operand.valid ?? i32Const(1), localSet(validLocal))
      if (operand.valid !== null) nullable = true
    }
    this.emit(condition, op.if)
    branch(then)
    this.emit(op.else)
    branch(otherwise)
    this.emit(op.end)
    return {
      rep,
      code: localGet(result),
      high: high >= 0 ? localGet(high) : [],
      valid: nullable ? localGet(validLocal) : null,
    }
  }

  /** Runs code that may flag or call a kernel only where its operands are not null. */
  guarded(valid: Code | null, rep: Representation, compute: () => Operand): Operand {
    if (valid === null) return compute()
    const result = this.choose(valid, rep, compute, () => this.zero(rep, i32Const(0)))
    return result
  }

  zero(rep: Representation, valid: Code | null): Operand {
    const code = rep === 'i32' ? i32Const(0) : rep === 'f64' ? f64Const(0) : i64Const(0n)
    return { rep, code, high: rep === 'i128' ? i64Const(0n) : [], valid }
  }

  /** The same expression in the same branch is computed once. */
  once(expression: BoundExpression, lower: () => Operand): Operand {
    const key = String(this.#id(expression))
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const operand = lower()
    this.#known.set(key, operand)
    return operand
  }

  #id(e: BoundExpression): number {
    let id = this.#idOf.get(e)
    if (id !== undefined) return id
    let key: string
    switch (e.kind) {
      case 'column':
        key = `c${e.index}`
        break
      case 'literal':
        key = `l${typeName(e.type)}:${e.value instanceof Uint8Array ? Buffer.from(e.value).toString('hex') : Object.is(e.value, -0) ? '-0' : String(e.value)}:${e.value === null}`
        break
      case 'cast':
        key = `t${e.lenient ? 1 : 0}${typeName(e.type)}(${this.#id(e.input)})`
        break
      case 'call':
        key = `${e.name}:${typeName(e.type)}(${e.args.map((a) => this.#id(a)).join()})`
        break
      case 'case':
        key = `case:${typeName(e.type)}(${e.branches.map((b) => `${this.#id(b.when)}>${this.#id(b.then)}`).join()}|${e.otherwise === null ? '' : this.#id(e.otherwise)})`
    }
    id = this.#ids.get(key) ?? this.#ids.size
    this.#ids.set(key, id)
    this.#idOf.set(e, id)
    return id
  }

  column(index: number): Operand {
    let operand = this.#columns.get(index)
    if (operand === undefined) {
      const outer = this.code
      this.code = this.rowStart
      operand = this.#readColumn(index)
      this.code = outer
      this.#columns.set(index, operand)
    }
    return operand
  }

  /** A word of 32 bits of a bitmap, loaded once a block; the code gives the row's bit. */
  #bit(address: Code): number[] {
    const word = this.local('i32')
    this.blockStart.push(
      ...address,
      ...localGet(this.row),
      ...i32Const(3),
      ...op.i32shrU,
      ...op.i32add,
      ...load.i32(),
      ...localSet(word),
    )
    return [...localGet(word), ...localGet(this.bit), ...op.i32shrU, ...i32Const(1), ...op.i32and]
  }

  #readColumn(column: number): Operand {
    const { type } = this.schema.fields[column]!
    const form = this.forms[column]!
    const rep = representationOf(type)
    const valid = form.nullable ? this.set('i32', this.#bit(this.slot({ kind: 'validity', column }))) : null
    const values = this.slot({ kind: 'values', column })
    const address = (width: number): Code => [
      ...values,
      ...localGet(this.row),
      ...(width === 0 ? [] : [...i32Const(width), ...op.i32shl]),
      ...op.i32add,
    ]
    switch (type.kind) {
      case 'boolean':
        return this.value('i32', this.set('i32', this.#bit(values)), valid)
      case 'int8':
        return this.value('i32', this.set('i32', address(0), load.i8()), valid)
      case 'int16':
        return this.value('i32', this.set('i32', address(1), load.i16()), valid)
      case 'int32':
      case 'date':
        return this.value('i32', this.set('i32', address(2), load.i32()), valid)
      case 'float32':
        return this.value('f64', this.set('f64', address(2), load.f32(), op.promote), valid)
      case 'float64':
        return this.value('f64', this.set('f64', address(3), load.f64()), valid)
      case 'string':
        return this.#readText(column, form, values, valid)
      default: {
        if (rep === 'i64') return this.value('i64', this.set('i64', address(3), load.i64()), valid)
        const at = this.set('i32', address(4))
        return { rep, code: this.set('i64', at, load.i64()), high: this.set('i64', at, load.i64(8)), valid }
      }
    }
  }

  #readText(column: number, form: ColumnForm, values: Code, valid: Code | null): Operand {
    const row = localGet(this.row)
    const offsets = this.slot({ kind: form.dictionary ? 'dictionaryOffsets' : 'offsets', column })
    const bytes = form.dictionary ? this.slot({ kind: 'dictionaryValues', column }) : values
    const index = form.dictionary ? [...values, ...row, ...i32Const(2), ...op.i32shl, ...op.i32add, ...load.i32()] : row
    const at = this.set('i32', offsets, index, i32Const(2), op.i32shl, op.i32add)
    const start = this.set('i32', at, load.i32())
    const packed = this.set(
      'i64',
      [...at, ...load.i32(4), ...start, ...op.i32sub, ...op.extendU, ...i64Const(32n), ...op.i64shl],
      [...bytes, ...start, ...op.i32add, ...op.extendU, ...op.i64or],
    )
    return this.value('text', packed, valid)
  }

  text(bytes: Uint8Array): Operand {
    const address = this.slot({ kind: 'constant', text: bytes, length: false })
    return this.value('text', [...address, ...op.extendU, ...i64Const(BigInt(bytes.length) << 32n), ...op.i64or], null)
  }

  get scratch(): Code {
    return this.slot({ kind: 'scratch' })
  }
  get state(): Code {
    return this.slot({ kind: 'state' })
  }
  get usesState(): boolean {
    return this.slots.some((s) => s.kind === 'state')
  }

  /** Tries; on `NotCompilable` everything is as before and null is returned. */
  attempt(lower: () => Operand): Operand | null {
    const [length, rowLength, blockLength] = [this.code.length, this.rowStart.length, this.blockStart.length]
    const outer = this.code
    const [known, columns, canFlag] = [new Map(this.#known), new Map(this.#columns), this.canFlag]
    try {
      return lower()
    } catch (error) {
      if (!(error instanceof NotCompilable)) throw error
      this.code = outer
      this.code.length = length
      this.rowStart.length = rowLength
      this.blockStart.length = blockLength
      this.#known = known
      this.#columns = columns
      this.canFlag = canFlag
      return null
    }
  }
}
