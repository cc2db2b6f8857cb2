import { createHash } from 'node:crypto'
import type { Json } from '@deltaworks/schema'
import { joinPath, objectNotFoundCode } from '@deltaworks/storage'
import { isObject, numberOf, type JsonObject } from './json.js'
import { lastCheckpointFileName } from './log-file.js'
import { logFolder, type TableLocation } from './table-location.js'

/** Version of `_last_checkpoint`, or null if there is none, or none that can be believed: it is only a hint. */
export async function readLastCheckpoint(location: TableLocation): Promise<number | null> {
  let data: Uint8Array
  try {
    data = await location.store.get(hintPath(location))
  } catch (error) {
    if ((error as { code?: string }).code === objectNotFoundCode) return null
    throw error
  }
  try {
    const text = Buffer.from(data).toString('utf8')
    const json = JSON.parse(text) as Json
    if (!isObject(json)) return null
    const checksum = json['checksum']
    if (typeof checksum === 'string' && holdsNoFraction(text) && checksum !== jsonChecksum(json)) return null
    const version = numberOf(json['version'])
    return version !== null && Number.isSafeInteger(version) && version >= 0 ? version : null
  } catch {
    return null
  }
}

/** Numbers are their own canonical text, which JavaScript keeps for integers that a double holds. */
const holdsNoFraction = (text: string): boolean => !/[:[,]\s*-?\d+(?:\.\d+|[eE])|\d{16}/.test(text)

/** Points readers to a checkpoint. Another writer may have moved the hint on already. */
export async function writeLastCheckpoint(location: TableLocation, hint: JsonObject): Promise<void> {
  const signed = { ...hint, checksum: jsonChecksum(hint) }
  await location.store.put(hintPath(location), Buffer.from(JSON.stringify(signed)), 'overwrite')
}

const hintPath = (location: TableLocation): string => joinPath(logFolder(location), lastCheckpointFileName)

/** MD5 of the canonical form of a JSON object without its `checksum` (PROTOCOL.md, "JSON checksum"). */
export const jsonChecksum = (json: JsonObject): string => createHash('md5').update(canonicalForm(json)).digest('hex')

export function canonicalForm(json: JsonObject): string {
  const pairs: (readonly [path: string, value: string])[] = []
  const visit = (path: string, value: Json): void => {
    if (typeof value !== 'object' || value === null) pairs.push([path, scalar(value)])
    else if (Array.isArray(value)) value.forEach((item: Json, i) => visit(joined(path, String(i)), item))
    else for (const [key, member] of Object.entries(value as JsonObject)) visit(joined(path, quoted(key)), member)
  }
  for (const [key, value] of Object.entries(json)) if (key !== 'checksum') visit(quoted(key), value)
  return pairs
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([path, value]) => `${path}=${value}`)
    .join(',')
}

const joined = (path: string, step: string): string => `${path}+${step}`
const scalar = (value: Json): string => (typeof value === 'string' ? quoted(value) : String(value))

const quoted = (text: string): string =>
  `"${encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}"`
