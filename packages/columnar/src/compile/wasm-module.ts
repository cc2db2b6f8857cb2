/** WebAssembly's binary format, as little of it as expressions need (specification 2.0, chapter 5). */

export type WasmType = 'i32' | 'i64' | 'f64'
const typeCodes: Readonly<Record<WasmType, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c }

export type Code = readonly number[]

export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0))
    rest >>>= 7
  } while (rest !== 0)
  return bytes
}

export function signed(value: bigint): number[] {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const byte = Number(rest & 127n)
    rest >>= 7n
    const done = (rest === 0n && (byte & 64) === 0) || (rest === -1n && (byte & 64) !== 0)
    bytes.push(done ? byte : byte | 128)
    if (done) return bytes
  }
}

export const i32Const = (value: number): number[] => [0x41, ...signed(BigInt(value | 0))]
export const i64Const = (value: bigint): number[] => [0x42, ...signed(BigInt.asIntN(64, value))]
export function f64Const(value: number): number[] {
  return [0x44, ...new Uint8Array(new Float64Array([value]).buffer)]
}
export const localGet = (index: number): number[] => [0x20, ...unsigned(index)]
export const localSet = (index: number): number[] => [0x21, ...unsigned(index)]

/** Opcodes by their names in the text format. */
export const op = {
  if: [0x04, 0x40],
  else: [0x05],
  end: [0x0b],
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  select: [0x1b],
  eqz: [0x45],
  popcount: [0x69],
  i32eq: [0x46],
  i32ne: [0x47],
  i32lt: [0x48],
  i32gt: [0x4a],
  i32le: [0x4c],
  i32ge: [0x4e],
  i32geU: [0x4f],
  i64eqz: [0x50],
  i64eq: [0x51],
  i64ne: [0x52],
  i64lt: [0x53],
  i64ltU: [0x54],
  i64gt: [0x55],
  i64gtU: [0x56],
  i64le: [0x57],
  i64leU: [0x58],
  i64ge: [0x59],
  i64geU: [0x5a],
  f64eq: [0x61],
  f64ne: [0x62],
  f64lt: [0x63],
  f64gt: [0x64],
  f64le: [0x65],
  f64ge: [0x66],
  i32add: [0x6a],
  i32sub: [0x6b],
  i32mul: [0x6c],
  i32rem: [0x6f],
  i32and: [0x71],
  i32or: [0x72],
  i32xor: [0x73],
  i32shl: [0x74],
  i32shrU: [0x76],
  i64add: [0x7c],
  i64sub: [0x7d],
  i64mul: [0x7e],
  i64div: [0x7f],
  i64rem: [0x81],
  i64and: [0x83],
  i64or: [0x84],
  i64xor: [0x85],
  i64shl: [0x86],
  i64shr: [0x87],
  f64abs: [0x99],
  f64neg: [0x9a],
  f64ceil: [0x9b],
  f64floor: [0x9c],
  f64sqrt: [0x9f],
  f64add: [0xa0],
  f64sub: [0xa1],
  f64mul: [0xa2],
  f64div: [0xa3],
  wrap: [0xa7],
  truncSat: [0xfc, 0x06],
  extend: [0xac],
  extendU: [0xad],
  f64fromI32: [0xb7],
  f64fromI64: [0xb9],
  demote: [0xb6],
  promote: [0xbb],
  extend8: [0xc0],
  extend16: [0xc1],
} as const satisfies Record<string, Code>

export const branch = (depth: number): number[] => [0x0c, ...unsigned(depth)]
export const branchIf = (depth: number): number[] => [0x0d, ...unsigned(depth)]
const memoryOp =
  (code: number, align: number) =>
  (offset = 0): number[] => [code, align, ...unsigned(offset)]
export const load = {
  i32: memoryOp(0x28, 2),
  i64: memoryOp(0x29, 3),
  f32: memoryOp(0x2a, 2),
  f64: memoryOp(0x2b, 3),
  i8: memoryOp(0x2c, 0),
  u8: memoryOp(0x2d, 0),
  i16: memoryOp(0x2e, 1),
}
export const store = {
  i32: memoryOp(0x36, 2),
  i64: memoryOp(0x37, 3),
  f32: memoryOp(0x38, 2),
  f64: memoryOp(0x39, 3),
  i8: memoryOp(0x3a, 0),
  i16: memoryOp(0x3b, 1),
}

export interface ImportedFunction {
  readonly name: string
  readonly params: readonly WasmType[]
  readonly result: WasmType | null
}

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
const nameBytes = (text: string): number[] => [...unsigned(text.length), ...Array.from(text, (c) => c.charCodeAt(0))]

function section(out: number[], id: number, body: readonly number[]): void {
  out.push(id, ...unsigned(body.length))
  for (const byte of body) out.push(byte)
}

/**
 * A module of one function `run(parameters: i32, rowCount: i32): i32`, with the shared memory `env.memory` and functions of
 * `env` imported.
 */
export function moduleBytes(
  imports: readonly ImportedFunction[],
  locals: readonly WasmType[],
  body: Code,
): Uint8Array<ArrayBuffer> {
  const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const types = imports.map(({ params, result }) => [
    0x60,
    ...vector(params.map((p) => [typeCodes[p]])),
    ...vector(result === null ? [] : [[typeCodes[result]]]),
  ])
  section(out, 1, vector([...types, [0x60, 2, 0x7f, 0x7f, 1, 0x7f]]))
  const env = nameBytes('env')
  const memory = [...env, ...nameBytes('memory'), 2, 3, ...unsigned(1), ...unsigned(65_536)]
  section(out, 2, vector([memory, ...imports.map((f, i) => [...env, ...nameBytes(f.name), 0, ...unsigned(i)])]))
  section(out, 3, vector([unsigned(imports.length)]))
  section(out, 7, vector([[...nameBytes('run'), 0, ...unsigned(imports.length)]]))
  const declared = runs(locals).map(([count, type]) => [...unsigned(count), typeCodes[type]])
  const code = [...vector(declared), ...body, 0x0b]
  section(out, 10, [1, ...unsigned(code.length), ...code])
  return new Uint8Array(out)
}

/** Neighbours of one type are declared together. */
function runs(types: readonly WasmType[]): [number, WasmType][] {
  const result: [number, WasmType][] = []
  for (const type of types) {
    const last = result[result.length - 1]
    if (last !== undefined && last[1] === type) last[0]++
    else result.push([1, type])
  }
  return result
}
