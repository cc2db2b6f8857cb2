import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { invalidUri, unsupportedScheme } from './errors.js'
import { openAzure } from './azure/open-azure.js'
import { FileStore } from './file-store.js'
import { openGcs } from './gcs/open-gcs.js'
import { MemoryStore } from './memory-store.js'
import type { ObjectStore } from './object-store.js'
import { S3Store } from './s3/s3-store.js'

const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//
const opened = new Map<string, ObjectStore>()

/**
 * The store of a location: a path, `file:///lake`, `memory://name` (one store a name and thread), `s3://bucket/prefix`,
 * `gs://bucket/prefix`, `az://container/prefix` or `abfss://container@account…/prefix` (see `StorageConfiguration` for how they are reached). Opening touches nothing; the same location gives the same store.
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
  if (uri.startsWith('s3:')) return new S3Store(uri)
  if (uri.startsWith('gs:')) return openGcs(uri)
  if (uri.startsWith('az:') || uri.startsWith('abfs')) return openAzure(uri)
  return openMemory(uri)
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
      return bucketUri('s3', text)
    case 'gs':
    case 'gcs':
      return bucketUri('gs', text)
    case 'az':
    case 'azure':
      return bucketUri('az', text)
    case 'abfs':
    case 'abfss':
      return lakeUri(name, text)
    default:
      throw unsupportedScheme(text, name)
  }
}

const fileUri = (path: string): string => pathToFileURL(path).href

/** `<scheme>://name/a/b` without empty and `.` segments. */
function namedUri(name: string, text: string): string {
  const parts = text
    .slice(text.indexOf('://') + 3)
    .split('/')
    .filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw invalidUri(text, 'it contains ".."')
  return `${name}://${parts.join('/')}`
}

/** Bucket names as the clouds have them; keys are what they are: nothing of them is percent-encoded. */
function bucketUri(name: 's3' | 'gs' | 'az', text: string): string {
  const uri = namedUri(name, text)
  const bucket = uri.split('/')[2]!
  if (!/^[a-z0-9$][a-z0-9._-]{1,61}[a-z0-9]$/i.test(bucket)) {
    const what = name === 'az' ? 'container' : 'bucket'
    throw invalidUri(text, `"${bucket}" is no name of a ${what}; give ${name}://${what}/prefix`)
  }
  return uri
}

/** Hadoop's form for Azure, which names the account: `abfss://container@account.dfs.core.windows.net/path`. */
function lakeUri(name: 'abfs' | 'abfss', text: string): string {
  const uri = namedUri(name, text)
  if (!/^abfss?:\/\/[a-z0-9$-]+@[a-z0-9]+\.[a-z0-9.-]+(\/|$)/i.test(uri)) {
    throw invalidUri(text, `give ${name}://container@account.dfs.core.windows.net/path`)
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
