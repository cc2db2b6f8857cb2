import type { Json } from '@deltaworks/schema'

export type JsonObject = { readonly [key: string]: Json }

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Members of JSON objects, of the type that is expected or the default: old and foreign writers leave out what they like. */
export const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)
export const numberOf = (value: Json | undefined): number | null =>
  typeof value === 'number' ? value : typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : null
export const booleanOf = (value: Json | undefined, otherwise: boolean): boolean =>
  typeof value === 'boolean' ? value : otherwise
export const textsOf = (value: Json | undefined): readonly string[] | null =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : null

/** A string-to-string map; null values stay, others become text. */
export function mapOf(value: Json | undefined): Readonly<Record<string, string | null>> | null {
  if (!isObject(value)) return null
  const result: Record<string, string | null> = {}
  for (const [key, member] of Object.entries(value)) {
    result[key] =
      typeof member === 'string' || member === null
        ? member
        : typeof member === 'object'
          ? JSON.stringify(member)
          : String(member)
  }
  return result
}
