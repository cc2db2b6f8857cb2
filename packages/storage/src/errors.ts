import { DeltaworksError, type Fault } from '@deltaworks/schema'

export class StorageError extends DeltaworksError {
  override readonly name = 'StorageError'
}

/** An object as people name it: a plain path if the store is the whole file system. */
const place = (store: string, path: string): string => (store === 'file:///' ? `"/${path}"` : `"${path}" in ${store}`)

/** The code of "there is no such object", for callers that treat it as an answer. */
export const objectNotFoundCode = 'DW-STORAGE-0001'

export const objectNotFound = (store: string, path: string, cause?: unknown): StorageError =>
  new StorageError(
    objectNotFoundCode,
    'storage',
    `There is no object ${place(store, path)}. Check the path, or whether another process deleted it.`,
    { store, path },
    cause,
  )

export const notWritable = (store: string, path: string, reason: string, cause?: unknown): StorageError =>
  new StorageError(
    'DW-STORAGE-0002',
    'storage',
    `Cannot write ${place(store, path)}: ${reason}. Nothing was written; make the location writable for this user, or choose another one.`,
    { store, path, reason },
    cause,
  )

export const notReadable = (store: string, path: string, cause?: unknown, permission?: string): StorageError =>
  new StorageError(
    'DW-STORAGE-0003',
    'storage',
    permission === undefined
      ? `Cannot read ${place(store, path)}: permission denied. Grant this user read access.`
      : `Cannot read ${place(store, path)}: permission denied: ${permission} is not allowed. Allow it, or use another role.`,
    { store, path },
    cause,
  )

export const pathOutsideStore = (store: string, path: string): StorageError =>
  new StorageError(
    'DW-STORAGE-0004',
    'usage',
    `"${path}" is not a path inside ${store}: paths are relative, separated by single slashes, without "." or ".." segments.`,
    { store, path },
  )

export const storageFailed = (store: string, path: string, operation: string, cause: unknown): StorageError => {
  const code = systemCode(cause)
  const reason = cause instanceof Error ? cause.message : String(cause)
  const fault: Fault = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EMFILE' ? 'resources' : 'storage'
  return new StorageError(
    'DW-STORAGE-0005',
    fault,
    `Could not ${operation} ${place(store, path)}: ${reason}.${code === 'ENOSPC' || code === 'EDQUOT' ? ' The disk is full; free some space.' : ''}`,
    { store, path, operation, systemCode: code ?? null },
    cause,
  )
}

export const unsupportedScheme = (uri: string, scheme: string): StorageError =>
  new StorageError(
    'DW-STORAGE-0006',
    'unsupported',
    `Cannot open ${uri}: the scheme "${scheme}:" is not supported. Supported are paths, file:, memory:, s3:, gs:, az: and abfss:.`,
    { uri, scheme },
  )

export const invalidUri = (uri: string, reason: string): StorageError =>
  new StorageError('DW-STORAGE-0007', 'usage', `"${uri}" is not a valid location: ${reason}.`, { uri, reason })

export const invalidStorageOptions = (where: string, problem: string): StorageError =>
  new StorageError('DW-STORAGE-0010', 'usage', `The storage options of ${where} are wrong: ${problem}.`, {
    where,
    problem,
  })

export const bucketNotFound = (store: string, bucket: string, cause?: unknown): StorageError =>
  new StorageError(
    'DW-STORAGE-0011',
    'usage',
    `There is no bucket "${bucket}" (${store}). Create it, or check its name and the endpoint.`,
    { store, bucket },
    cause,
  )

export const conditionsIgnored = (store: string, endpoint: string | null, finding: string): StorageError =>
  new StorageError(
    'DW-STORAGE-0012',
    'unsupported',
    `${store}${endpoint === null ? '' : ` at ${endpoint}`} does not honour conditional writes (${finding}), so two writers could both commit the same version and one would lose its rows. Nothing was committed; use a store that honours If-None-Match.`,
    { store, endpoint },
  )

function credentialAdvice(store: string): string {
  if (store.startsWith('gs:')) return 'Set GOOGLE_APPLICATION_CREDENTIALS, or log in with gcloud.'
  if (store.startsWith('s3:')) return 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role.'
  return 'Set AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, or log in with az.'
}

export const credentialsRefused = (store: string, reason: string, cause?: unknown): StorageError =>
  new StorageError(
    'DW-STORAGE-0013',
    'usage',
    `No credentials for ${store}: ${reason.replace(/\.$/, '')}. ${credentialAdvice(store)}`,
    { store },
    cause,
  )

export const objectChanged = (store: string, path: string): StorageError =>
  new StorageError(
    'DW-STORAGE-0014',
    'storage',
    `${place(store, path)} was replaced while it was read. Read it again.`,
    { store, path },
  )

export const packageMissing = (name: string, location: string, cause: unknown): StorageError =>
  new StorageError(
    'DW-STORAGE-0015',
    'usage',
    `${location} needs the package "${name}", which is not installed. Install it beside Deltaworks: npm install ${name}.`,
    { package: name, location },
    cause,
  )

export const queueFailed = (url: string, operation: string, cause: unknown): StorageError =>
  cause instanceof StorageError
    ? cause
    : new StorageError(
        'DW-STORAGE-0016',
        'storage',
        `Could not ${operation} the queue ${url}: ${cause instanceof Error ? cause.message : String(cause)}.`,
        { url, operation },
        cause,
      )

export const writerClosed = (store: string, path: string): StorageError =>
  new StorageError('DW-STORAGE-0009', 'internal', `The writer of "${path}" in ${store} is closed already.`, {
    store,
    path,
  })

/** `ENOENT` and its kin, if the error is the operating system's. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}
