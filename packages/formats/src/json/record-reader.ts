import { int64, typeName, type DataType, type Value } from '@deltaworks/schema'
import { isUtf8 } from 'node:buffer'
import { invalid, type ValueFormat } from '../csv/parse-value.js'
import { columnBuilder, FixedBuilder, type ColumnBuilder } from './column-builder.js'
import { DirectParser } from './direct-parser.js'
import type { JsonReadOptions } from './json-options.js'
import { jsonRecord, type JsonBytes, type JsonRecord } from './json-record.js'
import { jsonText, type JsonObject, type JsonValue } from './json-text.js'
import { isJsonObject, jsonToValue, memberOf } from './json-value.js'

export interface JsonColumn {
  readonly name: string
  readonly type: DataType
  /** Names in the file, best first. */
  readonly names: readonly string[]
  readonly format: ValueFormat
}

/** Rows that become a batch. */
export interface JsonRows {
  count: number
  /** One a column. */
  readonly builders: readonly ColumnBuilder[]
  readonly lines: FixedBuilder
  readonly offsets: FixedBuilder
  readonly indexes: FixedBuilder
  /** Of malformed rows, by their number. */
  readonly raw: Map<number, string>
  readonly reasons: Map<number, string>
  readonly rescued: Map<number, string>
}

/** What cannot be read as it should be, and why. */
export interface MalformedRecord {
  readonly record: JsonRecord
  readonly reasons: readonly string[]
}

/** Puts records into the builders of a batch: lines directly from their bytes where that goes, else by way of an object. */
export class RecordReader {
  readonly #columns: readonly JsonColumn[]
  readonly #options: JsonReadOptions
  /** Lower-case names of the members that are columns; null: others are not kept. */
  readonly #declared: ReadonlySet<string> | null
  #direct: DirectParser | null = null

  constructor(columns: readonly JsonColumn[], options: JsonReadOptions, declared: ReadonlySet<string> | null) {
    this.#columns = columns
    this.#options = options
    this.#declared = declared
  }

  /** Begins a batch. */
  start(): JsonRows {
    const builders = this.#columns.map(({ type }) => columnBuilder(type))
    const members = this.#columns.map(({ names, format }, i) => ({ names, format, builder: builders[i]! }))
    // What is to be rescued is only seen in the object.
    this.#direct = this.#declared === null ? new DirectParser(members) : null
    return {
      count: 0,
      builders,
      lines: new FixedBuilder(int64),
      offsets: new FixedBuilder(int64),
      indexes: new FixedBuilder(int64),
      raw: new Map(),
      reasons: new Map(),
      rescued: new Map(),
    }
  }

  /** Adds a record's row, a malformed one only if it is not to be dropped. @returns null if it is well formed */
  read(source: JsonRecord | JsonBytes, rows: JsonRows, dropMalformed: boolean): MalformedRecord | null {
    if ('bytes' in source) {
      if (this.#direct !== null && isUtf8(source.bytes) && this.#direct.record(source.bytes)) {
        this.#place(source, rows)
        return null
      }
    }
    const record = 'bytes' in source ? jsonRecord(source, this.#options) : source
    const { value } = record
    const damage = record.damage ?? (isJsonObject(value) ? null : 'the record is not a JSON object')
    const isObject = damage === null && isJsonObject(value)
    const reasons = damage === null ? [] : [damage]
    const values = isObject ? this.#values(value, reasons) : this.#columns.map(() => null)
    const rest = isObject && this.#declared !== null ? rescuedText(value, this.#declared) : null
    if (rest !== null && this.#options.extraColumns === 'error')
      reasons.push(`members that are not declared: ${excerpt(rest)}`)
    const malformed = reasons.length === 0 ? null : { record, reasons }
    if (malformed !== null && dropMalformed) return malformed
    values.forEach((item, i) => rows.builders[i]!.append(item))
    if (malformed !== null) {
      rows.raw.set(rows.count, record.raw)
      rows.reasons.set(rows.count, reasons.join('; '))
    }
    if (rest !== null) rows.rescued.set(rows.count, rest)
    this.#place(record, rows)
    return malformed
  }

  #place({ line, offset, row }: JsonRecord | JsonBytes, rows: JsonRows): void {
    rows.lines.appendInteger(line)
    rows.offsets.appendInteger(offset)
    rows.indexes.appendInteger(row)
    rows.count++
  }

  #values(object: JsonObject, reasons: string[]): Value[] {
    return this.#columns.map(({ name, type, names, format }) => {
      const member = firstMember(object, names)
      const converted = jsonToValue(type, member, format)
      if (converted !== invalid) return converted
      reasons.push(`${name}: ${excerpt(jsonText(member ?? null))} is not a valid ${typeName(type)}`)
      return null
    })
  }
}

function firstMember(object: JsonObject, names: readonly string[]): JsonValue | undefined {
  for (const name of names) {
    const member = memberOf(object, name)
    if (member !== undefined) return member
  }
  return undefined
}

function rescuedText(object: JsonObject, declared: ReadonlySet<string>): string | null {
  const rest = Object.entries(object).filter(([key]) => !declared.has(key.toLowerCase()))
  return rest.length === 0 ? null : jsonText(Object.fromEntries(rest))
}

const excerpt = (text: string): string => (text.length > 64 ? `${text.slice(0, 63)}…` : text)
