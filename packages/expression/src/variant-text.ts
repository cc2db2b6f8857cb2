import type { DataType, Value } from '@deltaworks/schema'

/** A value as JSON text: numbers exact, binary as base64, everything that JSON has no word for as a string. */
export function formatVariant(type: DataType, value: Value, text: (type: DataType, value: Value) => string): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'boolean':
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'decimal':
      return text(type, value)
    case 'float32':
    case 'float64':
      return Number.isFinite(value) ? String(value) : JSON.stringify(text(type, value))
    case 'variant':
      return value as string
    case 'binary':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('base64'))
    case 'list':
      return `[${(value as readonly Value[]).map((v) => formatVariant(type.element, v, text)).join(',')}]`
    case 'struct': {
      const members = type.fields.map((f, i) => [f, (value as readonly Value[])[i]!] as const)
      const shown = members.filter(([, v]) => v !== null)
      return `{${shown.map(([f, v]) => `${JSON.stringify(f.name)}:${formatVariant(f.type, v, text)}`).join(',')}}`
    }
    case 'map': {
      const entries = value as readonly (readonly [Value, Value])[]
      return `{${entries.map(([k, v]) => `${JSON.stringify(text(type.key, k))}:${formatVariant(type.value, v, text)}`).join(',')}}`
    }
    default:
      return JSON.stringify(text(type, value))
  }
}
