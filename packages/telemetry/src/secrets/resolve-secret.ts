import { promises } from 'node:fs'
import { clientOptions, loadAwsClient } from '../aws-client.js'
import { secretNotFound, secretTooShort } from '../errors.js'
import { leastSecretLength, type SecretMask } from './secret-mask.js'

/** Where a secret is; one of the first four is given. */
export interface SecretReference {
  readonly variable?: string | undefined
  readonly file?: string | undefined
  readonly secretsManager?: string | undefined
  readonly parameter?: string | undefined
  /** Member of a secret of Secrets Manager that is a JSON object. */
  readonly key?: string | undefined
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
}

/**
 * Fetches a secret; from then on it is masked.
 * @throws TelemetryError DW-TELEMETRY-0002 naming where it should be, DW-TELEMETRY-0003 if it is too short to be masked
 */
export async function resolveSecret(reference: SecretReference, mask: SecretMask): Promise<string> {
  const place = placeOf(reference)
  const secret = await fetchSecret(reference, place)
  if (secret.length < leastSecretLength) throw secretTooShort(place, leastSecretLength)
  mask.hide(secret)
  return secret
}

/** Where a secret is, for people. */
function placeOf({ variable, file, secretsManager, parameter, key }: SecretReference): string {
  if (variable !== undefined) return `environment variable ${variable}`
  if (file !== undefined) return `file ${file}`
  if (secretsManager !== undefined)
    return `secret ${secretsManager}${key === undefined ? '' : `, key "${key}"`}, in AWS Secrets Manager`
  return `parameter ${parameter ?? ''} in AWS Systems Manager`
}

async function fetchSecret(reference: SecretReference, place: string): Promise<string> {
  const { variable, file, secretsManager, parameter } = reference
  try {
    if (variable !== undefined) {
      const value = process.env[variable]
      if (value === undefined) throw secretNotFound(place, 'it is not set')
      return value
    }
    if (file !== undefined) return (await promises.readFile(file, 'utf8')).replace(/\r?\n$/, '')
    return secretsManager === undefined
      ? await parameterValue(parameter!, reference)
      : await secretValue(secretsManager, reference, place)
  } catch (error) {
    const { code, name } = error as { readonly code?: string; readonly name?: string }
    // What a service says may quote what it was sent.
    throw code?.startsWith('DW-') === true ? error : secretNotFound(place, code ?? name ?? 'it cannot be read')
  }
}

async function secretValue(id: string, reference: SecretReference, place: string): Promise<string> {
  const { SecretsManagerClient, GetSecretValueCommand } = loadAwsClient('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient(clientOptions(reference))
  const { key } = reference
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: id }))
    if (text === undefined) throw secretNotFound(place, 'it is not text')
    if (key === undefined) return text
    const value: unknown = (JSON.parse(text) as Readonly<Record<string, unknown>>)[key]
    if (typeof value !== 'string') throw secretNotFound(place, 'it has no such key')
    return value
  } finally {
    client.destroy()
  }
}

async function parameterValue(name: string, reference: SecretReference): Promise<string> {
  const { SSMClient, GetParameterCommand } = loadAwsClient('@aws-sdk/client-ssm')
  const client = new SSMClient(clientOptions(reference))
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))
    return Parameter?.Value ?? ''
  } finally {
    client.destroy()
  }
}
