import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nearest } from '@deltaworks/schema'
import type { ZodMiniType } from 'zod/mini'
import { configurationNotFound, invalidConfiguration } from '../errors.js'
import { combineLayers, originOf, type ConfigurationLayer, type LayeredValue } from './configuration-layer.js'
import {
  operationsKey,
  operationsSchema,
  type OperationsConfiguration,
} from '../operations/operations-configuration.js'
import { issueText, type Issue } from './issue-text.js'
import { jsonPlaces, placeOf } from './json-places.js'
import { knownKeys, memberOf } from './known-keys.js'
import { flagLayers, variableLayers } from './overrides.js'

/** A zod schema whose output is the configuration. Objects in it are strict: an unknown key is an error. */
export type ConfigurationSchema<Configuration> = ZodMiniType<Configuration>

/** What stands over the files of an environment. */
export interface ConfigurationOverrides {
  /** `path.to.value=text`, the last ones win. */
  readonly assignments?: readonly string[]
  /** Default: that of the process. */
  readonly variables?: Readonly<Record<string, string | undefined>>
}

/** The file that all environments have in common, if there is one. */
const baseFile = 'base.json'

/** An environment's configuration: the lakehouse's own, and how its runs are watched. */
export interface Environment<Configuration> {
  readonly configuration: Configuration
  /** Null if the environment says nothing of it. */
  readonly operations: OperationsConfiguration | null
}

/**
 * Reads `<folder>/base.json` (if there is one), over it `<folder>/<environment>.json`, over it environment variables
 * `DELTAWORKS_CONFIG__…` and assignments; and checks the whole.
 * @throws LakehouseError DW-LAKEHOUSE-0004 naming each wrong key with its file, line and path (and the nearest right one),
 * DW-LAKEHOUSE-0005 if there is no such environment, DW-LAKEHOUSE-0048 for an assignment that is none
 */
export function loadEnvironment<Configuration>(
  folder: string,
  environment: string,
  definition: ConfigurationSchema<Configuration>,
  overrides: ConfigurationOverrides = {},
): Environment<Configuration> {
  const layered = layeredConfiguration(folder, environment, overrides)
  const file = join(directoryOf(folder), `${environment}.json`)
  const { [operationsKey]: watched, ...own } = layered.value as Readonly<Record<string, unknown>>
  const result = definition.safeParse(own)
  const operations = watched === undefined ? null : checkOperations(watched)
  if (result.success && operations?.problem === undefined) {
    return { configuration: result.data, operations: operations?.value ?? null }
  }
  throw invalidConfiguration(file, [
    ...(result.error?.issues ?? []).flatMap((issue) => describeIssue(issue, [], layered, definition, file)),
    ...(operations?.problem?.issues ?? []).flatMap((issue) =>
      describeIssue(issue, [operationsKey], layered, operations!.schema, file),
    ),
  ])
}

/** The lakehouse's own part of `loadEnvironment`. */
export const loadConfiguration = <Configuration>(
  folder: string,
  environment: string,
  definition: ConfigurationSchema<Configuration>,
  overrides: ConfigurationOverrides = {},
): Configuration => loadEnvironment(folder, environment, definition, overrides).configuration

function checkOperations(value: unknown) {
  const schema = operationsSchema()
  const { data, error } = schema.safeParse(value)
  return { schema, value: data, problem: error }
}

/** The values of an environment before they are checked, with the layer that each is from. */
export function layeredConfiguration(
  folder: string,
  environment: string,
  { assignments = [], variables = process.env }: ConfigurationOverrides = {},
): LayeredValue {
  const directory = directoryOf(folder)
  const own = fileLayer(join(directory, `${environment}.json`))
  if (own === null || environment === 'base') throw configurationNotFound(environment, environmentsIn(directory))
  const base = fileLayer(join(directory, baseFile))
  const files = base === null ? [own] : [base, own]
  const below = combineLayers(files).value
  return combineLayers([...files, ...variableLayers(variables, below), ...flagLayers(assignments, below)])
}

const directoryOf = (folder: string): string => (folder.startsWith('file:') ? fileURLToPath(folder) : folder)

/** Null if there is no such file. */
function fileLayer(file: string): ConfigurationLayer | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  try {
    return { name: file, value: JSON.parse(text) as unknown, lines: jsonPlaces(text) }
  } catch (error) {
    throw invalidConfiguration(file, [`it is not JSON (${whereNotJson(text, error)})`])
  }
}

function whereNotJson(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const position = /position (\d+)/.exec(message)?.[1]
  if (position === undefined) return message
  const { line, column } = placeOf(text, Number(position))
  return `line ${line}, column ${column}: ${message}`
}

/** @param under where the schema's value stands in the configuration */
function describeIssue(
  issue: Issue,
  under: readonly string[],
  layered: LayeredValue,
  definition: unknown,
  file: string,
): string[] {
  const path = [...under, ...issue.path].join('.')
  const part = under.reduce<unknown>(memberOf, layered.value)
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(definition, issue.path, part)
    return issue.keys.map((key) => {
      const full = path === '' ? key : `${path}.${key}`
      return `unknown key "${full}"${nearest(key, known)}${placeIn(layered, full, file)}`
    })
  }
  const text = issueText(issue, issue.path.reduce(memberOf, part))
  return [`${path === '' ? 'the file' : `"${path}"`}: ${text}${placeIn(layered, path, file)}`]
}

/** Where a value is from: the line in the environment's own file, or another layer's name. */
function placeIn(layered: LayeredValue, path: string, file: string): string {
  const layer = originOf(layered, path)
  if (layer === undefined || path === '') return ''
  const line = lineOf(layer, path)
  const where = [...(layer.name === file ? [] : [layer.name]), ...(line === undefined ? [] : [`line ${line}`])]
  return where.length === 0 ? '' : ` (${where.join(', ')})`
}

/** Of a value that is missing, the line of what it is missing in. */
function lineOf({ lines }: ConfigurationLayer, path: string): number | undefined {
  for (let known = path; known !== ''; known = known.slice(0, Math.max(0, known.lastIndexOf('.')))) {
    const line = lines.get(known)
    if (line !== undefined) return line
  }
  return undefined
}

function environmentsIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json') && name !== baseFile)
      .map((name) => name.slice(0, -5))
  } catch {
    return []
  }
}
