import { createRequire } from 'node:module'
import type * as RedshiftData from '@aws-sdk/client-redshift-data'
import { driverMissing } from '../errors.js'

let driver: typeof RedshiftData | undefined

/** Loaded when it is first needed. @throws WarehouseError DW-WAREHOUSE-0006 */
export function redshiftDataDriver(): typeof RedshiftData {
  if (driver === undefined) {
    try {
      // AWS's notice about later versions of Node would go to every user's stderr.
      process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
      driver = createRequire(import.meta.url)('@aws-sdk/client-redshift-data') as typeof RedshiftData
    } catch (error) {
      throw driverMissing('@aws-sdk/client-redshift-data', error)
    }
  }
  return driver
}
