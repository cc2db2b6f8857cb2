import type { OptionKinds } from '../options/option-kinds.js'

/** How a bucket of Google Cloud Storage is reached. Secrets are never among these: they come from the default credentials. */
export interface GcsOptions {
  /** Of an emulator, such as `http://127.0.0.1:4443`, which is asked without credentials; absent: Google's. */
  readonly endpoint?: string
  readonly projectId?: string
  /** File of a service account's key; absent: the application default credentials. */
  readonly keyFile?: string
  /** Project that pays for requests on a bucket whose requester pays. */
  readonly userProject?: string
  /** Key that objects are encrypted with; absent: the bucket's own setting. */
  readonly kmsKeyName?: string
  /** Attempts of a request until it fails. Default 8. */
  readonly maxAttempts?: number
  /** Requests of one thread at once. Default 32. */
  readonly connections?: number
}

export const gcsKinds: OptionKinds<GcsOptions> = {
  endpoint: 'text',
  projectId: 'text',
  keyFile: 'text',
  userProject: 'text',
  kmsKeyName: 'text',
  maxAttempts: 'count',
  connections: 'count',
}
