import { childrenOf, type BoundExpression, type EvaluationContext } from '@deltaworks/expression'
import { isVariableLength, type Schema, type Value } from '@deltaworks/schema'
import { Arena } from '../arena.js'
import { byteWidth, fixedColumn, variableColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import type { RecordBatch } from '../record-batch.js'
import { InterpretedExpression } from './interpreted.js'
import { mathFunctions } from './kernel-signatures.js'
import type { ColumnForm, Slot } from './loop-builder.js'
import { loopShape, type LoopShape } from './loop-shape.js'
import { compiledLoop, type CompiledLoop } from './module-cache.js'

interface Variant {
  readonly loop: CompiledLoop
  readonly run: (parameters: number, rowCount: number) => number
}

/** Addresses of one run. */
interface Run {
  readonly parameters: number
  readonly outputs: readonly { readonly values: number; readonly validity: number }[]
  readonly flags: number
  readonly state: number
}

const encoder = new TextEncoder()

/** So many nodes are interpreted in about the time that it takes to compile a loop, both in a process that has just started. */
const compiledFrom = 2500

const computedNodes = (e: BoundExpression): number =>
  e.kind === 'column' || e.kind === 'literal' ? 0 : childrenOf(e).reduce((sum, child) => sum + computedNodes(child), 1)

/** Several expressions computed by one fused loop, in as many forms as their input columns take (nulls, dictionaries). */
export class CompiledGroup {
  readonly #context: ColumnarContext
  readonly #expressions: readonly BoundExpression[]
  readonly #schema: Schema
  readonly #evaluation: EvaluationContext
  /** Made when they are needed: most groups are either compiled or interpreted. */
  #loopShape: LoopShape | null = null
  readonly #interpreted: (InterpretedExpression | undefined)[] = []
  readonly #variants = new Map<string, Variant | null>()
  readonly #mayBeInterpreted: boolean
  #textBytesPerRow = 16
  readonly #nodes: number
  /** Nodes interpreted so far, one a row. */
  #interpretedNodes = 0

  constructor(
    context: ColumnarContext,
    expressions: readonly BoundExpression[],
    schema: Schema,
    evaluation: EvaluationContext,
    mayBeInterpreted: boolean,
  ) {
    this.#context = context
    this.#expressions = expressions
    this.#schema = schema
    this.#evaluation = evaluation
    this.#mayBeInterpreted = mayBeInterpreted
    this.#nodes = expressions.reduce((sum, expression) => sum + computedNodes(expression), 0)
  }

  get #shape(): LoopShape {
    return (this.#loopShape ??= loopShape(this.#expressions, this.#schema, this.#evaluation))
  }

  #interpreter(index: number): InterpretedExpression {
    return (this.#interpreted[index] ??= new InterpretedExpression(
      this.#context,
      this.#expressions[index]!,
      this.#evaluation,
    ))
  }

  project(arena: Arena, batch: RecordBatch): Column[] {
    const variant = this.#isTooSmall(batch) ? null : this.#variant(batch)
    const columns = new Array<Column>(this.#expressions.length)
    if (variant !== null && batch.rowCount > 0) {
      const computed = this.#run(arena, batch, variant)
      variant.loop.compiled.forEach((index, output) => (columns[index] = computed[output]!))
    }
    return this.#expressions.map((_, i) => columns[i] ?? this.#interpreter(i).column(arena, batch))
  }

  #isTooSmall(batch: RecordBatch): boolean {
    if (!this.#mayBeInterpreted || this.#variants.size > 0) return false
    this.#interpretedNodes += batch.rowCount * this.#nodes
    return this.#interpretedNodes <= compiledFrom
  }

  #variant(batch: RecordBatch): Variant | null {
    let pattern = ''
    for (const index of this.#shape.columns) {
      const column = batch.columns[index]!
      pattern +=
        column.validity !== 0 ? (column.dictionary !== null ? 'b' : 'n') : column.dictionary !== null ? 'd' : '.'
    }
    let variant = this.#variants.get(pattern)
    if (variant === undefined) {
      variant = this.#compile(pattern)
      this.#variants.set(pattern, variant)
    }
    return variant
  }

  #compile(pattern: string): Variant | null {
    const forms = [...pattern].map((form): ColumnForm => ({
      nullable: form === 'b' || form === 'n',
      dictionary: form === 'b' || form === 'd',
    }))
    const { key, expressions, types, zoneIsUtc } = this.#shape
    const loop = compiledLoop(key, pattern, expressions, types, forms, zoneIsUtc)
    if (loop === null) return null
    const env: Record<string, WebAssembly.ImportValue> = { memory: this.#context.heap.memory }
    for (const name of loop.imports) env[name] = mathFunctions[name] ?? this.#context.kernels[name]!
    const instance = new WebAssembly.Instance(loop.module, { env })
    return { loop, run: instance.exports['run'] as Variant['run'] }
  }

  #run(arena: Arena, batch: RecordBatch, { loop, run }: Variant): Column[] {
    const { rowCount } = batch
    const { heap } = this.#context
    const place = this.#prepare(arena, batch, loop)
    const { slots } = loop
    const isShortOfText = (): boolean => loop.makesText && heap.i32[(place.state >>> 2) + 2] !== 0
    let flagged = run(place.parameters, rowCount)
    if (isShortOfText()) {
      const text = new Arena(heap, arena.account)
      try {
        do {
          this.#textBytesPerRow *= 2
          text.reset()
          this.#giveText(text, place.state, rowCount)
          flagged = run(place.parameters, rowCount)
        } while (isShortOfText())
        arena.adopt(text)
      } finally {
        text.close()
      }
    }
    const flags = flagged !== 0 ? place.flags : 0
    return loop.compiled.map((index, output) => {
      const slot = slots.findIndex((s) => s.kind === 'validCount' && s.output === output)
      const nullCount = slot < 0 ? 0 : rowCount - heap.i32[(place.parameters >>> 2) + slot]!
      return this.#finish(arena, batch, index, place.outputs[output]!, nullCount, flags)
    })
  }

  #giveText(arena: Arena, state: number, rowCount: number): void {
    const bytes = Math.max(4096, rowCount * this.#textBytesPerRow)
    const address = arena.allocate(bytes)
    this.#context.heap.u32.set([address, address + bytes, 0, 0], state >>> 2)
  }

  /** Allocates the outputs and fills the parameter block. */
  #prepare(arena: Arena, batch: RecordBatch, loop: CompiledLoop): Run {
    const { rowCount } = batch
    const bitmapBytes = ((rowCount + 31) >> 5) * 4
    const outputs = loop.compiled.map((index, output) => {
      const { type } = this.#expressions[index]!
      const bytes = type.kind === 'boolean' ? bitmapBytes : rowCount * (isVariableLength(type) ? 8 : byteWidth(type))
      return {
        values: arena.allocate(bytes),
        validity: loop.nullable[output] === true ? arena.allocate(bitmapBytes) : 0,
      }
    })
    const flags = loop.canFlag ? arena.allocate(bitmapBytes) : 0
    const state = loop.makesText ? arena.allocate(16) : 0
    if (loop.makesText) this.#giveText(arena, state, rowCount)
    const scratch = arena.allocate(16)
    const parameters = arena.allocate(loop.slots.length * 4)
    const { columns } = this.#shape
    const columnAt = (place: number): Column => batch.columns[columns[place]!]!
    const address = (slot: Slot): number => {
      switch (slot.kind) {
        case 'values':
        case 'validity':
        case 'offsets':
          return columnAt(slot.column)[slot.kind]
        case 'dictionaryOffsets':
          return columnAt(slot.column).dictionary!.offsets
        case 'dictionaryValues':
          return columnAt(slot.column).dictionary!.values
        case 'outputValues':
          return outputs[slot.output]!.values
        case 'outputValidity':
          return outputs[slot.output]!.validity
        case 'constant': {
          const at = arena.allocate(slot.text.length)
          this.#context.heap.u8.set(slot.text, at)
          return at
        }
        case 'validCount':
          return 0
        case 'state':
          return state
        case 'scratch':
          return scratch
        case 'flags':
          return flags
      }
    }
    const words = loop.slots.map(address)
    this.#context.heap.u32.set(words, parameters >>> 2)
    return { parameters, outputs, flags, state }
  }

  /** The column; first the flagged rows get what the interpreter says (or it throws). */
  #finish(
    arena: Arena,
    batch: RecordBatch,
    index: number,
    output: Run['outputs'][number],
    nullCount: number,
    flags: number,
  ): Column {
    const { rowCount } = batch
    const { type } = this.#expressions[index]!
    let { validity } = output
    let nulls = nullCount
    if (flags !== 0) {
      const patch = this.#patch(arena, batch, index, output, flags)
      if (patch.nulls !== null) {
        nulls = patch.nulls
        validity = patch.validity
      }
    }
    if (nulls === 0) validity = 0
    if (!isVariableLength(type)) return fixedColumn(type, rowCount, output.values, validity, nulls)
    const { kernels } = this.#context
    const total = kernels['exprTextTotal']!(output.values, rowCount)
    const offsets = arena.allocate((rowCount + 1) * 4)
    const bytes = arena.allocate(total)
    kernels['exprTextGather']!(output.values, rowCount, offsets, bytes)
    return variableColumn(type, rowCount, offsets, bytes, validity, nulls)
  }

  #patch(
    arena: Arena,
    batch: RecordBatch,
    index: number,
    output: Run['outputs'][number],
    flags: number,
  ): { nulls: number | null; validity: number } {
    const { heap } = this.#context
    const interpreted = this.#interpreter(index)
    const { rowCount } = batch
    let { validity } = output
    for (let base = 0; base < rowCount; base += 32) {
      let word = heap.u32[(flags >>> 2) + (base >> 5)]!
      while (word !== 0) {
        const row = base + 31 - Math.clz32(word & -word)
        word &= word - 1
        const value = interpreted.value(batch, row)
        if (value === null && validity === 0) {
          validity = arena.allocate((rowCount + 31) >> 3)
          heap.fill(validity, 0xff, (rowCount + 31) >> 3)
        }
        if (validity !== 0) setBit(heap.u8, validity, row, value !== null)
        this.#write(arena, index, output.values, row, value)
      }
    }
    if (validity === 0) return { nulls: null, validity }
    let nulls = 0
    for (let row = 0; row < rowCount; row++) if (((heap.u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 0) nulls++
    return { nulls, validity }
  }

  #write(arena: Arena, index: number, values: number, row: number, value: Value): void {
    const { heap } = this.#context
    const { type } = this.#expressions[index]!
    switch (type.kind) {
      case 'boolean':
        return setBit(heap.u8, values, row, value === true)
      case 'int8':
        heap.i8[values + row] = Number(value)
        return
      case 'int16':
        heap.i16[(values >>> 1) + row] = Number(value)
        return
      case 'int32':
      case 'date':
        heap.i32[(values >>> 2) + row] = Number(value)
        return
      case 'float32':
        heap.f32[(values >>> 2) + row] = Number(value)
        return
      case 'float64':
        heap.f64[(values >>> 3) + row] = Number(value)
        return
      case 'string': {
        const bytes = encoder.encode((value ?? '') as string)
        const address = arena.allocate(bytes.length)
        heap.u8.set(bytes, address)
        heap.u32[(values >>> 2) + row * 2] = address
        heap.u32[(values >>> 2) + row * 2 + 1] = bytes.length
        return
      }
      default: {
        const wide = (value ?? 0n) as bigint
        if (byteWidth(type) === 8) heap.i64[(values >>> 3) + row] = wide
        else {
          heap.u64[(values >>> 3) + row * 2] = BigInt.asUintN(64, wide)
          heap.i64[(values >>> 3) + row * 2 + 1] = wide >> 64n
        }
      }
    }
  }
}

function setBit(bytes: Uint8Array<ArrayBufferLike>, bitmap: number, row: number, on: boolean): void {
  if (on) bytes[bitmap + (row >> 3)]! |= 1 << (row & 7)
  else bytes[bitmap + (row >> 3)]! &= ~(1 << (row & 7))
}
