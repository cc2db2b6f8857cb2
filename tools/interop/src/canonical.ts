import { formatDate, formatDecimal, formatTimestamp, type DataType, type Schema, type Value } from '@deltaworks/schema'

/** A row as one JSON object: the form in which rows of different readers are compared (python/canonical.py is its twin). */
export const canonicalRow = (schema: Schema, row: readonly Value[]): string =>
  `{${schema.fields.map((field, i) => `${JSON.stringify(field.name)}:${text(field.type, row[i]!)}`).join(',')}}`

function text(type: DataType, value: Value): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'float32':
    case 'float64':
      return floating(value as number, type.kind === 'float32')
    case 'decimal':
      return JSON.stringify(formatDecimal(value as bigint, type.scale))
    case 'date':
      return JSON.stringify(formatDate(value as number))
    case 'timestamp':
      return JSON.stringify(`${formatTimestamp(value as bigint, 'T', 6)}Z`)
    case 'timestamp_ntz':
      return JSON.stringify(formatTimestamp(value as bigint, 'T', 6))
    case 'binary':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('hex'))
    case 'string':
    case 'variant':
      return JSON.stringify(value)
    case 'list':
      return `[${(value as readonly Value[]).map((element) => text(type.element, element)).join(',')}]`
    case 'map':
      return `[${(value as unknown as readonly (readonly [Value, Value])[])
        .map(([k, v]) => [text(type.key, k), text(type.value, v)] as const)
        .sort((a, b) => (a[0] < b[0] ? -1 : 1))
        .map(([k, v]) => `[${k},${v}]`)
        .join(',')}]`
    case 'struct':
      return `{${type.fields.map((field, i) => `${JSON.stringify(field.name)}:${text(field.type, (value as readonly Value[])[i]!)}`).join(',')}}`
    default:
      return String(value)
  }
}

function floating(value: number, single: boolean): string {
  if (Number.isNaN(value)) return '"NaN"'
  if (!Number.isFinite(value)) return value > 0 ? '"Infinity"' : '"-Infinity"'
  const shortest = single ? shortestSingle(value) : value
  const digits = String(shortest === 0 ? 0 : shortest)
  // Python tells 1 from 1.0.
  return /^-?\d+$/.test(digits) ? `${digits}.0` : digits
}

function shortestSingle(value: number): number {
  for (let precision = 1; precision <= 9; precision++) {
    const candidate = Number(value.toPrecision(precision))
    if (Math.fround(candidate) === value) return candidate
  }
  return value
}
