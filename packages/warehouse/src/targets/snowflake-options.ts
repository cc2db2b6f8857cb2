import { badTargetOption } from '../errors.js'

/** Who logs in, and by what. Secrets come from the environment, never from arguments. */
export type SnowflakeLogin =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A private key (PKCS#8, PEM); `passphrase` if it is encrypted. */
  | {
      readonly kind: 'key-pair'
      readonly username: string
      readonly privateKeyPath: string
      readonly passphrase?: string
    }
  | { readonly kind: 'oauth'; readonly token: string }

export interface SnowflakeConnectionOptions {
  /** `organization-account` */
  readonly account: string
  readonly login: SnowflakeLogin
  readonly database: string
  readonly schema: string
  readonly role?: string
  /** Which virtual warehouse computes; default: the user's. */
  readonly warehouse?: string
  /** Told of all statements (QUERY_TAG). Default `deltaworks-export`. */
  readonly queryTag?: string
  /** Another address of the service, `http://127.0.0.1:15010`. */
  readonly accessUrl?: string
  /** Seconds until a statement is cancelled by the service. Default 3600. */
  readonly statementSeconds?: number
}

/** @throws WarehouseError DW-WAREHOUSE-0016 */
export function checkSnowflakeConnection({ account, accessUrl, login }: SnowflakeConnectionOptions): void {
  if (!/^[\w.-]+$/.test(account)) throw badTargetOption('--account', `"${account}" is no name of an account`)
  if (accessUrl !== undefined && !/^https?:\/\/[^/\s]+/.test(accessUrl))
    throw badTargetOption('--access-url', `"${accessUrl}" is no http(s) URL`)
  if (login.kind === 'password' && login.password === '')
    throw badTargetOption('--user', 'there is no password for it in SNOWFLAKE_PASSWORD')
}

export const snowflakeLocation = ({ account, database, schema }: SnowflakeConnectionOptions): string =>
  `snowflake:${account}/${database}/${schema}`
