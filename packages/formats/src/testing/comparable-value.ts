import type { DataType } from '@deltaworks/schema'

/**
 * Values of our reader and of hyparquet in one form. hyparquet gives decimals as numbers and timestamps as dates, to the
 * millisecond, and makes objects of maps, with keys as text.
 */
export function comparable(value: unknown, type: DataType): unknown {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'decimal':
      return (typeof value === 'bigint' ? Number(value) / 10 ** type.scale : (value as number)).toPrecision(12)
    case 'date':
      if (value instanceof Date) return Math.round(value.getTime() / 86_400_000)
      return Number.isNaN(new Date((value as number) * 86_400_000).getTime()) ? Number.NaN : value
    case 'timestamp':
    case 'timestamp_ntz':
      // A Date ends in the years -271821 and 275760; beyond, it is NaN.
      if (value instanceof Date) return value.getTime()
      return typeof value === 'bigint' ? new Date(Number(value / 1000n)).getTime() : value
    case 'int64':
      return String(value)
    case 'binary':
      return typeof value === 'string'
        ? Buffer.from(value).toString('hex')
        : Buffer.from(value as Uint8Array).toString('hex')
    case 'list':
      return (value as unknown[]).map((element) => comparable(element, type.element))
    case 'map': {
      const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
        ? (value as [unknown, unknown][]).map(([key, of]) => [String(comparable(key, type.key)), of] as const)
        : Object.entries(value as Record<string, unknown>)
      // Objects have a key once, keys that look like numbers first, and none that is the name of their prototype.
      const byKey = new Map(entries)
      byKey.delete('__proto__')
      return [...byKey.keys()].sort().map((key) => [key, comparable(byKey.get(key), type.value)])
    }
    case 'struct':
      return type.fields.map((member, i) =>
        comparable(Array.isArray(value) ? value[i] : (value as Record<string, unknown>)[member.name], member.type),
      )
    default:
      return value
  }
}
