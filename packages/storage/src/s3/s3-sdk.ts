import { createRequire } from 'node:module'
import type * as ClientS3 from '@aws-sdk/client-s3'
import type * as CredentialProviders from '@aws-sdk/credential-providers'
import type { S3Options } from './s3-options.js'

/*
 * The one place that loads the AWS SDK, and only when a request is to be sent. It is required, not imported: its CommonJS form is
 * a tenth of the files, and loads in 0.1 s where import() takes 2 s.
 */

export type Sdk = typeof ClientS3

export const defaultConnections = 32

let loaded: Sdk | null = null

export function loadSdk(): Sdk {
  if (loaded === null) {
    // The version is pinned to one that supports Node 20; its notice about later ones would go to every user's stderr.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
    loaded = createRequire(import.meta.url)('@aws-sdk/client-s3') as Sdk
  }
  return loaded
}

const clients = new Map<string, ClientS3.S3Client>()

/** This thread's client for the options: buckets that are reached alike share its connections. */
export function clientFor(options: S3Options): ClientS3.S3Client {
  const key = JSON.stringify(options)
  let client = clients.get(key)
  if (client === undefined) {
    client = createClient(options)
    clients.set(key, client)
  }
  return client
}

function createClient(options: S3Options): ClientS3.S3Client {
  const { S3Client } = loadSdk()
  const { endpoint, profile, roleArn } = options
  const region = options.region ?? (endpoint === undefined ? undefined : defaultRegion())
  const connections = options.connections ?? defaultConnections
  return new S3Client({
    // Attempts are ours to count: a store must know whether an earlier one may have done its work.
    maxAttempts: 1,
    followRegionRedirects: true,
    forcePathStyle: options.pathStyle ?? endpoint !== undefined,
    requestHandler: {
      connectionTimeout: 10_000,
      socketTimeout: options.idleTimeoutMs ?? 30_000,
      httpAgent: { keepAlive: true, maxSockets: connections },
      httpsAgent: { keepAlive: true, maxSockets: connections },
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
    ...(roleArn === undefined ? {} : { credentials: assumedRole(roleArn, region, options) }),
  })
}

const defaultRegion = (): string => process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1'

function assumedRole(roleArn: string, region: string | undefined, { profile, externalId, stsEndpoint }: S3Options) {
  const providers = createRequire(import.meta.url)('@aws-sdk/credential-providers') as typeof CredentialProviders
  return providers.fromTemporaryCredentials({
    params: {
      RoleArn: roleArn,
      RoleSessionName: `deltaworks-${process.pid}`,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    masterCredentials: providers.fromNodeProviderChain(profile === undefined ? {} : { profile }),
    clientConfig: {
      ...(region === undefined ? {} : { region }),
      ...(stsEndpoint === undefined ? {} : { endpoint: stsEndpoint }),
    },
  })
}
