import { invalidStorageOptions } from '../errors.js'

/** What an option's value is; a list: one of these texts. */
export type OptionKind = 'text' | 'flag' | 'count' | 'partBytes' | readonly string[]

/** Every option of a kind of store. */
export type OptionKinds<T> = { readonly [Name in keyof Required<T>]: OptionKind }

export type Environment = Readonly<Record<string, string | undefined>>

/** `pathStyle` → `DELTAWORKS_S3_PATH_STYLE`. */
const variableOf = (prefix: string, option: string): string =>
  `${prefix}${option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/** The options that the environment sets for all buckets. @throws StorageError DW-STORAGE-0010 */
export function optionsOfEnvironment<T>(kinds: OptionKinds<T>, prefix: string, environment: Environment): Partial<T> {
  const options: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(kinds) as [string, OptionKind][]) {
    const variable = variableOf(prefix, name)
    const text = environment[variable]
    if (text === undefined || text === '') continue
    options[name] = checked(name, kind, fromText(kind, text), `the environment variable ${variable}`)
  }
  return options as Partial<T>
}

function fromText(kind: OptionKind, text: string): unknown {
  if (kind === 'count' || kind === 'partBytes') return Number(text)
  if (kind !== 'flag') return text
  return /^(1|true|yes)$/i.test(text) ? true : /^(0|false|no)$/i.test(text) ? false : text
}

/** Options as a configuration file gives them. @throws StorageError DW-STORAGE-0010 naming the wrong one */
export function checkedOptions<T>(kinds: OptionKinds<T>, value: unknown, where: string): Partial<T> {
  const options: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(objectOf(value, where))) {
    if (!Object.hasOwn(kinds, name)) {
      throw invalidStorageOptions(where, `unknown option "${name}"; there are ${Object.keys(kinds).join(', ')}`)
    }
    options[name] = checked(name, kinds[name as keyof T], given, where)
  }
  return options as Partial<T>
}

export function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalidStorageOptions(where, 'an object was expected')
}

function checked(name: string, kind: OptionKind, value: unknown, where: string): unknown {
  const expected = mismatch(name, kind, value)
  if (expected === null) return value
  if (kind === 'flag' && typeof value === 'string') {
    throw invalidStorageOptions(where, `"${value}" is neither true nor false`)
  }
  throw invalidStorageOptions(where, `${name} must be ${expected}, not ${JSON.stringify(value)}`)
}

/** @returns in words, what the value should have been; null if it is that */
function mismatch(name: string, kind: OptionKind, value: unknown): string | null {
  switch (kind) {
    case 'flag':
      return typeof value === 'boolean' ? null : 'true or false'
    case 'count':
    case 'partBytes': {
      const least = kind === 'partBytes' ? 5 * 1024 * 1024 : 1
      return Number.isSafeInteger(value) && (value as number) >= least ? null : `a whole number from ${least}`
    }
    case 'text':
      if (typeof value !== 'string' || value === '') return 'a text'
      return !name.toLowerCase().endsWith('endpoint') || /^https?:\/\/[^/\s]+/.test(value) ? null : 'an http(s) URL'
    default:
      return kind.includes(value as string) ? null : kind.map((text) => `"${text}"`).join(' or ')
  }
}
