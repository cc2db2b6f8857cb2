import { createRequire } from 'node:module'
import { packageMissing } from './errors.js'

const require = createRequire(import.meta.url)

/**
 * Loads a package that only some locations need, and that users install themselves.
 * @throws StorageError DW-STORAGE-0015 telling what to install
 */
export function optionalPackage<T>(name: string, location: string): T {
  try {
    return require(name) as T
  } catch (error) {
    if ((error as { readonly code?: string }).code !== 'MODULE_NOT_FOUND') throw error
    throw packageMissing(name, location, error)
  }
}
