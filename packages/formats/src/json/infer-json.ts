import {
  boolean,
  field,
  float64,
  int64,
  list,
  nullType,
  string,
  struct,
  typesEqual,
  type DataType,
  type Schema,
} from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import { FileSource } from '../csv/byte-source.js'
import { documentRecords } from './json-document.js'

/** Bytes at the start of a file that the schema is inferred from. */
const sampleBytes = 1024 * 1024

/** A schema for the objects at the start of a file (JSON lines, or an array): every member that occurs, null where it does not. */
export async function inferJsonSchema(store: ObjectStore, path: string): Promise<Schema> {
  const { sizeBytes } = await store.head(path)
  const text = new TextDecoder().decode(await store.get(path, { start: 0, end: Math.min(sizeBytes, sampleBytes) }))
  const records = text.trimStart().startsWith('[')
    ? await sampleItems(store, path, sizeBytes)
    : sampleLines(text, sizeBytes <= sampleBytes)
  let type: DataType = struct([])
  for (const record of records) type = common(type, typeOf(record))
  return { fields: type.kind === 'struct' ? type.fields.map((f) => field(f.name, withoutNull(f.type))) : [] }
}

async function sampleItems(store: ObjectStore, path: string, sizeBytes: number): Promise<readonly unknown[]> {
  const items: unknown[] = []
  for await (const { offset, raw } of documentRecords(
    path,
    sizeBytes,
    new FileSource(store, path, 0, undefined),
    undefined,
  )) {
    if (offset >= sampleBytes) break
    const item = parse(raw)
    if (item !== undefined) items.push(item)
  }
  return items
}

function sampleLines(text: string, complete: boolean): readonly unknown[] {
  const lines = text.split(/\r\n|\r|\n/)
  if (!complete) lines.pop()
  return lines.flatMap((line) => {
    const record = parse(line)
    return record === undefined ? [] : [record]
  })
}

/** The value, or undefined for a malformed text: reading tells about it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function typeOf(value: unknown): DataType {
  switch (typeof value) {
    case 'boolean':
      return boolean
    case 'number':
      return Number.isInteger(value) ? int64 : float64
    case 'string':
      return string
    case 'object':
      if (value === null) return nullType
      if (Array.isArray(value)) return list((value as readonly unknown[]).map(typeOf).reduce(common, nullType))
      return struct(Object.entries(value).map(([name, member]) => field(name, typeOf(member))))
    default:
      return nullType
  }
}

/** The narrowest type that holds both; text if nothing else does. */
function common(a: DataType, b: DataType): DataType {
  if (a.kind === 'null') return b
  if (b.kind === 'null' || typesEqual(a, b)) return a
  if (a.kind === 'list' && b.kind === 'list') return list(common(a.element, b.element))
  if (a.kind === 'struct' && b.kind === 'struct') {
    const members = new Map(a.fields.map((f) => [f.name, f.type]))
    for (const { name, type } of b.fields) members.set(name, common(members.get(name) ?? nullType, type))
    return struct([...members].map(([name, type]) => field(name, type)))
  }
  const numbers = new Set([a.kind, b.kind])
  return numbers.has('int64') && numbers.has('float64') ? float64 : string
}

/** Members that were null in every record are text. */
function withoutNull(type: DataType): DataType {
  switch (type.kind) {
    case 'null':
      return string
    case 'list':
      return list(withoutNull(type.element))
    case 'struct':
      return struct(type.fields.map((f) => field(f.name, withoutNull(f.type))))
    default:
      return type
  }
}
