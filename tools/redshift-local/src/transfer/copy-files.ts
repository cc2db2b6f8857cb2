import { splitUri, type ObjectStore } from '@deltaworks/storage'
import { sqlError } from '../sql-failure.js'
import type { CopyStatement } from '../sql/copy-statement.js'

export interface CopyFile {
  readonly uri: string
  readonly store: ObjectStore
  readonly path: string
  readonly sizeBytes: number
}

interface ManifestEntry {
  readonly url?: unknown
  readonly mandatory?: unknown
  readonly meta?: { readonly content_length?: unknown }
}

/**
 * The files that COPY reads: those of the manifest, or all whose key begins with the prefix.
 * @throws SqlFailure as Redshift: no such prefix, a manifest that is none, a mandatory file that is not there
 */
export async function filesOf(
  { from, isManifest, format }: CopyStatement,
  openStore: (uri: string) => ObjectStore,
): Promise<readonly CopyFile[]> {
  return isManifest ? manifestFiles(from, format === 'PARQUET', openStore) : prefixFiles(from, openStore)
}

async function prefixFiles(from: string, openStore: (uri: string) => ObjectStore): Promise<readonly CopyFile[]> {
  const { store: storeUri, path } = splitUri(from)
  const store = openStore(storeUri)
  const isFolder = from.endsWith('/')
  const folder = isFolder ? path : path.split('/').slice(0, -1).join('/')
  const found = (await store.list(folder)).filter((file) =>
    file.path.startsWith(isFolder && path !== '' ? `${path}/` : path),
  )
  if (found.length === 0) throw sqlError('XX000', `The specified S3 prefix '${path}' does not exist`)
  return found.map(({ path: key, sizeBytes }) => ({ uri: `${storeUri}/${key}`, store, path: key, sizeBytes }))
}

async function manifestFiles(
  from: string,
  isColumnar: boolean,
  openStore: (uri: string) => ObjectStore,
): Promise<readonly CopyFile[]> {
  const at = splitUri(from)
  const files: CopyFile[] = []
  for (const { url, mandatory, meta } of await readManifest(openStore(at.store), at.path, from)) {
    if (typeof url !== 'string' || !url.startsWith('s3://')) throw sqlError('XX000', `Invalid url in manifest ${from}`)
    const length = meta?.content_length
    if (isColumnar && typeof length !== 'number')
      throw sqlError(
        'XX000',
        `The manifest ${from} gives no content_length for ${url}, which files of this format need`,
      )
    const { store: storeUri, path } = splitUri(url)
    const store = openStore(storeUri)
    if (!(await store.exists(path))) {
      if (mandatory === true) throw sqlError('XX000', `Problem reading manifest file - S3 object ${url} does not exist`)
      continue
    }
    const { sizeBytes } = await store.head(path)
    if (typeof length === 'number' && length !== sizeBytes)
      throw sqlError('XX000', `The file ${url} has ${sizeBytes} bytes, and the manifest says ${length}`)
    files.push({ uri: url, store, path, sizeBytes })
  }
  return files
}

async function readManifest(store: ObjectStore, path: string, uri: string): Promise<readonly ManifestEntry[]> {
  if (!(await store.exists(path))) throw sqlError('XX000', `The specified S3 prefix '${path}' does not exist`)
  try {
    const { entries } = JSON.parse(Buffer.from(await store.get(path)).toString('utf8')) as { readonly entries: unknown }
    if (Array.isArray(entries)) return entries as ManifestEntry[]
  } catch {
    // Told below.
  }
  throw sqlError('XX000', `Problem reading manifest file - ${uri} is not a manifest`)
}
