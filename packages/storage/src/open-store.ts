import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { invalidUri, unsupportedScheme } from './errors.js'
import { FileStore } from './file-store.js'
import { MemoryStore } from './memory-store.js'
import type { ObjectStore } from './object-store.js'
import { S3Store } from './s3/s3-store.js'

const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//
const opened = new Map<string, ObjectStore>()

/**
 * The store of a location: a path, `file:///lake`, `memory://name` (one store a name and thread), or `s3://bucket/prefix`
 * (see `s3Options` for how it is reached). Opening touches nothing; the same location gives the same store.
 * @throws StorageError DW-STORAGE-0006 (scheme not supported), DW-STORAGE-0007 (no valid URI), DW-STORAGE-0010 (options)
 */
export function openStore(location: string): ObjectStore {
  const known = opened.get(location)
  if (known !== undefined) return known
  const uri = resolveUri(location)
  let store = opened.get(uri)
  if (store === undefined) {
    store = newStore(uri)
    opened.set(uri, store)
  }
  if (location === uri) opened.set(location, store)
  return store
}

function newStore(uri: string): ObjectStore {
  if (uri.startsWith('file:')) return new FileStore(fileURLToPath(uri))
  return uri.startsWith('s3:') ? new S3Store(uri) : openMemory(uri)
}

function openMemory(uri: string): ObjectStore {
  const name = uri.slice('memory://'.length)
  if (name.includes('/'))
    throw invalidUri(uri, 'a memory store has a name without slashes; split the location into store and path first')
  return new MemoryStore(name)
}

/**
 * The canonical URI of a path (resolved against `cwd`) or URI: no trailing slash, no `.` or `..`, file URIs percent-encoded.
 * @throws StorageError DW-STORAGE-0006, DW-STORAGE-0007
 */
export function resolveUri(text: string, cwd: string = process.cwd()): string {
  if (text === '') throw invalidUri(text, 'it is empty')
  if (text.includes('\0')) throw invalidUri(text, 'it contains a NUL character')
  const name = scheme.exec(text)?.[1]?.toLowerCase() ?? (/^file:/i.test(text) ? 'file' : undefined)
  if (name === undefined) return fileUri(resolve(cwd, text))
  switch (name) {
    case 'file':
      try {
        return fileUri(resolve(fileURLToPath(text)))
      } catch {
        throw invalidUri(text, 'a file URI has three slashes and an absolute path, file:///like/this')
      }
    case 'memory':
      return namedUri('memory', text)
    case 's3':
    // Hadoop's names of the same.
    case 's3a':
    case 's3n':
      return s3Uri(text)
    default:
      throw unsupportedScheme(text, name)
  }
}

const fileUri = (path: string): string => pathToFileURL(path).href

/** `<scheme>://name/a/b` without empty and `.` segments. */
function namedUri(name: 'memory' | 's3', text: string): string {
  const parts = text
    .slice(text.indexOf('://') + 3)
    .split('/')
    .filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw invalidUri(text, 'it contains ".."')
  return `${name}://${parts.join('/')}`
}

/** Bucket names as S3 has them; keys are what they are: nothing of them is percent-encoded. */
function s3Uri(text: string): string {
  const uri = namedUri('s3', text)
  const bucket = uri.split('/')[2]!
  if (!/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i.test(bucket)) {
    throw invalidUri(text, `"${bucket}" is no name of a bucket; give s3://bucket/prefix`)
  }
  return uri
}

/**
 * A location as a store that can be opened and a path in it: `file:///` and the whole path, `memory://name` or
 * `s3://bucket` and the rest.
 * @throws StorageError DW-STORAGE-0006, DW-STORAGE-0007
 */
export function splitUri(location: string): { readonly store: string; readonly path: string } {
  const uri = resolveUri(location)
  if (uri.startsWith('file:')) return { store: 'file:///', path: fileURLToPath(uri).slice(1) }
  const slash = uri.indexOf('/', uri.indexOf('://') + 3)
  return slash < 0 ? { store: uri, path: '' } : { store: uri.slice(0, slash), path: uri.slice(slash + 1) }
}

/** Whether the store exists in this thread alone, so that no worker can read or write it. */
export const isThreadLocal = (uri: string): boolean => uri.startsWith('memory:')

/** Whether requests to the store go over a network, so that many small ones are best sent side by side. */
export const isRemote = (uri: string): boolean => !uri.startsWith('file:') && !isThreadLocal(uri)
