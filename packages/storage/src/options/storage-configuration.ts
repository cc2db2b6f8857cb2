import { readFileSync } from 'node:fs'
import { azureKinds, type AzureOptions } from '../azure/azure-options.js'
import { invalidStorageOptions } from '../errors.js'
import { gcsKinds, type GcsOptions } from '../gcs/gcs-options.js'
import { s3Kinds, type S3Options } from '../s3/s3-options.js'
import { checkedOptions, objectOf, optionsOfEnvironment, type Environment, type OptionKinds } from './option-kinds.js'

/** Names a file of `StorageConfiguration`, or is one itself (JSON). */
export const storageVariable = 'DELTAWORKS_STORAGE'

/** The content of a storage configuration file: what holds for all buckets of a cloud, and what for one of them. */
export interface StorageConfiguration {
  readonly s3?: S3Options
  readonly gcs?: GcsOptions
  readonly azure?: AzureOptions
  /** By name: `lake` (or `s3://lake`), `gs://lake`, `az://container`. */
  readonly buckets?: { readonly [bucket: string]: S3Options | GcsOptions | AzureOptions }
}

interface Parsed {
  readonly s3: S3Options
  readonly gcs: GcsOptions
  readonly azure: AzureOptions
  readonly buckets: ReadonlyMap<string, object>
}

/**
 * The options of a bucket: the environment's variables `DELTAWORKS_S3_…`, over them what the configuration named by
 * `DELTAWORKS_STORAGE` says of all buckets, over that what it says of this one. Threads share the environment, so each
 * worker finds the same.
 * @throws StorageError DW-STORAGE-0010 naming the wrong option
 */
export function s3Options(bucket: string, environment: Environment = process.env): S3Options {
  const options = optionsOf('s3', `s3://${bucket}`, s3Kinds, 'DELTAWORKS_S3_', environment)
  const endpoint = options.endpoint ?? environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL']
  return endpoint === undefined || endpoint === '' ? options : { ...options, endpoint }
}

/** As for S3, with `DELTAWORKS_GCS_…`; `STORAGE_EMULATOR_HOST` is an endpoint, too. @throws StorageError DW-STORAGE-0010 */
export function gcsOptions(bucket: string, environment: Environment = process.env): GcsOptions {
  const options = optionsOf('gcs', `gs://${bucket}`, gcsKinds, 'DELTAWORKS_GCS_', environment)
  const endpoint = options.endpoint ?? environment['STORAGE_EMULATOR_HOST']
  return endpoint === undefined || endpoint === '' ? options : { ...options, endpoint }
}

/** As for S3, with `DELTAWORKS_AZURE_…` and `AZURE_STORAGE_ACCOUNT_NAME`. @throws StorageError DW-STORAGE-0010 */
export function azureOptions(container: string, environment: Environment = process.env): AzureOptions {
  const options = optionsOf('azure', `az://${container}`, azureKinds, 'DELTAWORKS_AZURE_', environment)
  const account = options.account ?? environment['AZURE_STORAGE_ACCOUNT_NAME']
  return account === undefined || account === '' ? options : { ...options, account }
}

function optionsOf<T extends object>(
  cloud: 's3' | 'gcs' | 'azure',
  bucket: string,
  kinds: OptionKinds<T>,
  prefix: string,
  environment: Environment,
): T {
  const known = configuration(environment[storageVariable])
  return { ...optionsOfEnvironment(kinds, prefix, environment), ...known[cloud], ...known.buckets.get(bucket) } as T
}

const nothing: Parsed = { s3: {}, gcs: {}, azure: {}, buckets: new Map() }
const parsed = new Map<string, Parsed>()

function configuration(source: string | undefined): Parsed {
  if (source === undefined || source === '') return nothing
  let known = parsed.get(source)
  if (known === undefined) {
    known = readConfiguration(source)
    parsed.set(source, known)
  }
  return known
}

function readConfiguration(source: string): Parsed {
  const inline = source.trimStart().startsWith('{')
  const where = inline ? storageVariable : source
  let json: unknown
  try {
    json = JSON.parse(inline ? source : readFileSync(source, 'utf8'))
  } catch (error) {
    throw invalidStorageOptions(where, error instanceof Error ? error.message : String(error))
  }
  const { s3 = {}, gcs = {}, azure = {}, buckets = {}, ...unknown } = objectOf(json, where)
  for (const name of Object.keys(unknown)) {
    throw invalidStorageOptions(where, `unknown key "${name}"; there are "s3", "gcs", "azure" and "buckets"`)
  }
  const ofBuckets = new Map<string, object>()
  for (const [bucket, options] of Object.entries(objectOf(buckets, where))) {
    const uri = bucket.includes('://') ? bucket : `s3://${bucket}`
    ofBuckets.set(uri, checkedOptions<object>(kindsOf(uri, where), options, `${where}, bucket "${bucket}"`))
  }
  return {
    s3: checkedOptions(s3Kinds, s3, `${where}, "s3"`),
    gcs: checkedOptions(gcsKinds, gcs, `${where}, "gcs"`),
    azure: checkedOptions(azureKinds, azure, `${where}, "azure"`),
    buckets: ofBuckets,
  }
}

function kindsOf(uri: string, where: string): OptionKinds<object> {
  switch (uri.slice(0, uri.indexOf('://'))) {
    case 's3':
      return s3Kinds
    case 'gs':
      return gcsKinds
    case 'az':
      return azureKinds
    default:
      throw invalidStorageOptions(where, `"${uri}" names no bucket; write s3://, gs:// or az:// and its name`)
  }
}
