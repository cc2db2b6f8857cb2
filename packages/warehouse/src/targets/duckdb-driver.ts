import { createRequire } from 'node:module'
import type * as DuckDb from '@duckdb/node-api'
import { driverMissing } from '../errors.js'

let driver: typeof DuckDb | undefined

/**
 * The driver, loaded when it is first needed. `require` takes half the time of `import` here: the driver is CommonJS, and
 * importing it makes Node parse each of its files for the names that it exports.
 * @throws WarehouseError DW-WAREHOUSE-0006
 */
export function duckDbDriver(): typeof DuckDb {
  if (driver === undefined) {
    try {
      driver = createRequire(import.meta.url)('@duckdb/node-api') as typeof DuckDb
    } catch (error) {
      throw driverMissing('@duckdb/node-api', error)
    }
  }
  return driver
}
