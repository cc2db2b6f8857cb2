import { formatDate, formatDecimal, formatTimestamp, type DataType, type Value } from '@deltaworks/schema'

/**
 * A nested value as JSON, for JSONB, SUPER and VARIANT columns: structs and maps as objects, numbers with all their digits,
 * dates and times as ISO texts, variants as what they are. Floats that JSON has no word for are null.
 */
export function jsonText(type: DataType, value: Value): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'null':
      return 'null'
    case 'boolean':
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return String(value)
    case 'float32':
    case 'float64':
      return Number.isFinite(value as number) ? String(value) : 'null'
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'string':
      return JSON.stringify(value)
    case 'variant':
      return value as string
    case 'binary':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('hex'))
    case 'date':
      return `"${formatDate(value as number)}"`
    case 'timestamp':
      return `"${formatTimestamp(value as bigint, 'T')}Z"`
    case 'timestamp_ntz':
      return `"${formatTimestamp(value as bigint, 'T')}"`
    case 'list':
      return `[${(value as readonly Value[]).map((item) => jsonText(type.element, item)).join(',')}]`
    case 'struct': {
      const members = value as readonly Value[]
      const texts = type.fields.map((f, i) => `${JSON.stringify(f.name)}:${jsonText(f.type, members[i] ?? null)}`)
      return `{${texts.join(',')}}`
    }
    case 'map': {
      const pairs = value as readonly (readonly [Value, Value])[]
      const texts = pairs.map(([key, item]) => `${keyText(type.key, key)}:${jsonText(type.value, item)}`)
      return `{${texts.join(',')}}`
    }
  }
}

const keyText = (type: DataType, key: Value): string => {
  const text = jsonText(type, key)
  return text.startsWith('"') ? text : JSON.stringify(text)
}
