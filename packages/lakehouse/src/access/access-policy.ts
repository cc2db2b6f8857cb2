import { quarantinePath } from '../quarantine.js'
import { metricsPath } from '../delta-metrics.js'
import type { LakehouseDefinition } from '../lakehouse-definition.js'
import type { OperationsConfiguration } from '../operations/operations-configuration.js'
import { decisionsPath } from '../review/decisions.js'
import {
  leasesPath,
  maintenanceLogPath,
  manifestsPath,
  operationsPath,
  publicationsPath,
  unfinishedPath,
} from '../runs/operations-path.js'
import { watchedAccess } from './watched-access.js'

export type DeployedApp = 'batch' | 'maintenance' | 'export' | 'console'

/** What an app may do: one member of an IAM policy. */
export interface AccessStatement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

export interface AccessPolicy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly AccessStatement[]
}

export interface AccessOptions {
  readonly lakehouse: LakehouseDefinition
  /** `s3://bucket/prefix` of the lake and of the landing zone; whatever is in no bucket of Amazon's needs no policy. */
  readonly root: string
  readonly landing: string
  /** What the environment asks for beside. */
  readonly operations: OperationsConfiguration | null
}

/** The least that an app needs, made of the same definitions that it runs: which prefixes it reads, and which it writes. */
export function accessPolicy(app: DeployedApp, options: AccessOptions): AccessPolicy {
  const lake = bucketOf(options.root)
  const statements = lake === null ? [] : lakeStatements(app, lake, options)
  const landing = app === 'batch' ? landingStatements(options) : []
  const watched = app === 'batch' ? watchedAccess(options.operations) : []
  return { Version: '2012-10-17', Statement: [...landing, ...statements, ...watched] }
}

/** A bucket, and what stands before the keys in it: '' or `prefix/`. */
interface Place {
  readonly bucket: string
  readonly prefix: string
}

function bucketOf(uri: string): Place | null {
  const match = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(uri)
  return match === null ? null : { bucket: match[1]!, prefix: match[2] === '' ? '' : `${match[2]!}/` }
}

const objects = ({ bucket, prefix }: Place, patterns: readonly string[]): readonly string[] =>
  [...new Set(patterns)].map((pattern) => `arn:aws:s3:::${bucket}/${prefix}${pattern}`)

const statement = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: AccessStatement['Condition'],
): AccessStatement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) })

/** Listing is a right on the bucket, for prefixes. */
const listing = (Sid: string, { bucket, prefix }: Place, patterns: readonly string[]): AccessStatement =>
  statement(Sid, ['s3:ListBucket'], [`arn:aws:s3:::${bucket}`], {
    StringLike: { 's3:prefix': [...new Set(patterns)].map((pattern) => `${prefix}${pattern}`) },
  })

/** IAM knows `*` and `?`, which also stand for `/`. */
const globOf = (glob: string): string => glob.replaceAll(/\*+/g, '*')

function landingStatements({ lakehouse, landing }: AccessOptions): readonly AccessStatement[] {
  const place = bucketOf(landing)
  if (place === null) return []
  const sources = lakehouse.tables.flatMap(({ source }) => (source === null ? [] : [source]))
  const disposed = sources.filter(({ afterIngest }) => afterIngest !== 'keep')
  const archived = sources.filter(({ afterIngest }) => afterIngest === 'archive')
  const globs = (of: typeof sources): readonly string[] => of.map(({ files }) => globOf(files))
  const folders = archived.map(({ archiveFolder }) => `${archiveFolder}/*`)
  return [
    listing('ListLanding', place, ['*']),
    statement('ReadLanding', ['s3:GetObject'], objects(place, [...globs(sources), ...folders])),
    ...(archived.length === 0 ? [] : [statement('ArchiveLanding', ['s3:PutObject'], objects(place, folders))]),
    ...(disposed.length === 0
      ? []
      : [statement('RemoveLanding', ['s3:DeleteObject'], objects(place, globs(disposed)))]),
  ]
}

function lakeStatements(app: DeployedApp, lake: Place, { lakehouse }: AccessOptions): readonly AccessStatement[] {
  const tables = lakehouse.tables.map(({ path }) => `${path}/*`)
  const own = [quarantinePath, metricsPath, decisionsPath].map((path) => `${path}/*`)
  const operations = [`${operationsPath}/*`]
  switch (app) {
    case 'batch': {
      const all = [...tables, ...own, ...operations]
      return [
        listing('ListLake', lake, all),
        statement('ReadLake', ['s3:GetObject'], objects(lake, all)),
        statement('WriteLake', ['s3:PutObject'], objects(lake, all)),
        // Leases and manifests that have ended.
        statement('TidyOperations', ['s3:DeleteObject'], objects(lake, operations)),
        // Not needed by runs that end well: files of commits and uploads that did not come to be.
        statement('TidyFailures', ['s3:DeleteObject', 's3:AbortMultipartUpload'], objects(lake, [...tables, ...own])),
      ]
    }
    case 'maintenance': {
      const all = [...tables, ...own]
      return [
        listing('ListLake', lake, [...all, ...operations]),
        { ...listing('ListUploads', lake, all), Action: ['s3:ListBucketMultipartUploads'] },
        statement('ReadLake', ['s3:GetObject'], objects(lake, [...all, ...operations])),
        statement('WriteTables', ['s3:PutObject', 's3:AbortMultipartUpload'], objects(lake, all)),
        statement('RemoveOldFiles', ['s3:DeleteObject'], objects(lake, all)),
        statement('Republish', ['s3:PutObject', 's3:DeleteObject'], objects(lake, [`${publicationsPath}/*`])),
        statement('HoldLease', ['s3:PutObject', 's3:DeleteObject'], objects(lake, [`${leasesPath}/maintenance/*`])),
        statement('KeepLog', ['s3:PutObject'], objects(lake, [`${maintenanceLogPath}/*`])),
      ]
    }
    case 'export': {
      const exported = lakehouse.tables.filter(({ warehouse }) => warehouse !== null).map(({ path }) => `${path}/*`)
      // The manifests tell which versions a run left: `--run`.
      const leases = [`${leasesPath}/export-*`]
      const read = [
        ...exported,
        ...[publicationsPath, manifestsPath, unfinishedPath].map((path) => `${path}/*`),
        ...leases,
      ]
      return [
        listing('ListLake', lake, read),
        statement('ReadLake', ['s3:GetObject'], objects(lake, read)),
        // Without it exports are not kept from going on with one that is still running.
        statement('HoldLease', ['s3:PutObject', 's3:DeleteObject'], objects(lake, leases)),
      ]
    }
    case 'console': {
      const read = [...tables, ...own, ...operations]
      return [listing('ListLake', lake, read), statement('ReadLake', ['s3:GetObject'], objects(lake, read))]
    }
  }
}
