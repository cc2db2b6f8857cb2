import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ZodMiniType } from 'zod/mini'
import { configurationNotFound, invalidConfiguration } from './errors.js'

/** A zod schema whose output is the configuration. Objects in it are strict: an unknown key is an error. */
export type ConfigurationSchema<Configuration> = ZodMiniType<Configuration>

/**
 * Reads `<folder>/<environment>.json` and checks it.
 * @throws LakehouseError DW-LAKEHOUSE-0004 naming each wrong key with its path (and the nearest right one),
 * DW-LAKEHOUSE-0005 if there is no such environment
 */
export function loadConfiguration<Configuration>(
  folder: string,
  environment: string,
  definition: ConfigurationSchema<Configuration>,
): Configuration {
  const directory = folder.startsWith('file:') ? fileURLToPath(folder) : folder
  const file = join(directory, `${environment}.json`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw configurationNotFound(environment, environmentsIn(directory))
  }
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw invalidConfiguration(file, [`it is not JSON (${error instanceof Error ? error.message : String(error)})`])
  }
  const result = definition.safeParse(data)
  if (result.success) return result.data
  throw invalidConfiguration(file, result.error.issues.flatMap(describeIssue))
}

type Issue = ReturnType<ZodMiniType['safeParse']> extends { error?: { issues: readonly (infer I)[] } } ? I : never

function describeIssue(issue: Issue): string[] {
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `unknown key "${path === '' ? key : `${path}.${key}`}"`)
  }
  return [`${path === '' ? 'the file' : `"${path}"`}: ${issue.message}`]
}

function environmentsIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -5))
  } catch {
    return []
  }
}
