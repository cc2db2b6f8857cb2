import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lakehouseNotFound, loadEnvironment, type Environment, type LakehouseDefinition } from '@deltaworks/lakehouse'
import type { CommonOptions } from './program.js'

/** Which lakehouse, in which environment, and what stands over its configuration. */
export type LakehouseOptions = Pick<CommonOptions, 'lakehouse' | 'env'> & Partial<Pick<CommonOptions, 'set'>>

/** A definition with the configuration of an environment. */
export interface LoadedLakehouse extends Environment<unknown> {
  readonly lakehouse: LakehouseDefinition
}

/**
 * A shipped lakehouse by its name, or the default export of a module by its path.
 * @throws LakehouseError DW-LAKEHOUSE-0009 (no such lakehouse), -0004 and -0005 (configuration)
 */
export async function loadLakehouse({ lakehouse: name, env, set = [] }: LakehouseOptions): Promise<LoadedLakehouse> {
  const lakehouse = await loadDefinition(name)
  return { lakehouse, ...loadEnvironment(lakehouse.environments, env, lakehouse.configuration, { assignments: set }) }
}

/** The definition alone. @throws LakehouseError DW-LAKEHOUSE-0009 */
export const loadDefinition = async (name: string): Promise<LakehouseDefinition> =>
  name === 'retail' ? (await import('@deltaworks/retail')).retail : loadModule(name)

async function loadModule(path: string): Promise<LakehouseDefinition> {
  const file = resolve(path)
  if (!existsSync(file)) throw lakehouseNotFound(path, 'there is no such file')
  const module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown }
  if (!isLakehouse(module.default)) throw lakehouseNotFound(path, 'its default export is no lakehouse')
  return module.default
}

const isLakehouse = (value: unknown): value is LakehouseDefinition =>
  typeof value === 'object' &&
  value !== null &&
  'tables' in value &&
  'configuration' in value &&
  'environments' in value
