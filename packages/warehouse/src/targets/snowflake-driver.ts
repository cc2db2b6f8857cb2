import { createRequire } from 'node:module'
import type * as Snowflake from 'snowflake-sdk'
import { driverMissing } from '../errors.js'

let driver: typeof Snowflake | undefined

/** Loaded when it is first needed; it is the user's to install. @throws WarehouseError DW-WAREHOUSE-0006 */
export function snowflakeDriver(): typeof Snowflake {
  if (driver === undefined) {
    try {
      // AWS's notice about later versions of Node would go to every user's stderr.
      process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
      driver = createRequire(import.meta.url)('snowflake-sdk') as typeof Snowflake
      // Its log would go to the console and to a file in the working folder.
      driver.configure({ logLevel: 'OFF', additionalLogToConsole: false })
    } catch (error) {
      throw driverMissing('snowflake-sdk', error)
    }
  }
  return driver
}
