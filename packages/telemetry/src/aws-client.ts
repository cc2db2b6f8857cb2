import { createRequire } from 'node:module'
import type * as CloudWatch from '@aws-sdk/client-cloudwatch'
import type * as SecretsManager from '@aws-sdk/client-secrets-manager'
import type * as Ses from '@aws-sdk/client-sesv2'
import type * as Sns from '@aws-sdk/client-sns'
import type * as Ssm from '@aws-sdk/client-ssm'
import { packageMissing } from './errors.js'

interface AwsClients {
  readonly '@aws-sdk/client-cloudwatch': typeof CloudWatch
  readonly '@aws-sdk/client-secrets-manager': typeof SecretsManager
  readonly '@aws-sdk/client-sesv2': typeof Ses
  readonly '@aws-sdk/client-sns': typeof Sns
  readonly '@aws-sdk/client-ssm': typeof Ssm
}

const require = createRequire(import.meta.url)

/** Clients of AWS are installed by those who use them. @throws TelemetryError DW-TELEMETRY-0004 if one is not there */
export function loadAwsClient<Name extends keyof AwsClients>(name: Name): AwsClients[Name] {
  try {
    return require(name) as AwsClients[Name]
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'MODULE_NOT_FOUND') throw packageMissing(name, error)
    throw error
  }
}

/** What a client is made with. */
export const clientOptions = ({
  region,
  endpoint,
}: {
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
}) => ({
  ...(region === undefined ? {} : { region }),
  ...(endpoint === undefined ? {} : { endpoint }),
  maxAttempts: 3,
})
