import { badTargetOption } from '../errors.js'

/**
 * A Redshift database as the Data API reaches it. Who calls is found by AWS's chain of credentials; who that is in the
 * database, by one of three ways: `secretArn` (a user of Secrets Manager), `dbUser` (a user of a provisioned cluster, by a
 * temporary password that IAM gives), or neither (the IAM identity itself).
 */
export interface RedshiftConnectionOptions {
  /** A provisioned cluster; or else `workgroup`. */
  readonly cluster?: string
  /** A serverless workgroup. */
  readonly workgroup?: string
  readonly database: string
  readonly secretArn?: string
  readonly dbUser?: string
  /** Default: the environment's. */
  readonly region?: string
  /** Another address of the Data API, such as redshift-local's. */
  readonly endpoint?: string
  /** Label of all statements (`query_group`). Default `deltaworks-export`. */
  readonly queryGroup?: string
  /** Seconds that the session outlives its last statement: so long does an export that was killed hold up others. Default 300. */
  readonly sessionSeconds?: number
  /** Seconds until a statement is cancelled. Default 3600. */
  readonly statementSeconds?: number
  /** Attempts of a request that is throttled or lost. Default 10. */
  readonly maxAttempts?: number
  /** Milliseconds between two questions whether a statement is at its end: from the first number, doubling, to the second. Default 25 to 2000. */
  readonly pollMs?: readonly [first: number, last: number]
}

/** @throws WarehouseError DW-WAREHOUSE-0016 */
export function checkRedshiftConnection(options: RedshiftConnectionOptions): void {
  const { cluster, workgroup, secretArn, dbUser, sessionSeconds } = options
  if ((cluster === undefined) === (workgroup === undefined))
    throw badTargetOption('--cluster', 'give either a cluster or, for a serverless one, a workgroup')
  if (secretArn !== undefined && !/^arn:aws[a-z-]*:secretsmanager:/.test(secretArn))
    throw badTargetOption('--secret-arn', 'it is not the ARN of a secret of Secrets Manager')
  if (secretArn !== undefined && dbUser !== undefined)
    throw badTargetOption('--db-user', 'the secret names the user already')
  if (dbUser !== undefined && workgroup !== undefined)
    throw badTargetOption('--db-user', 'a workgroup knows IAM identities and secrets, not users')
  if (sessionSeconds !== undefined && !(sessionSeconds >= 30 && sessionSeconds <= 86_400))
    throw badTargetOption('--session-seconds', `${sessionSeconds} is not from 30 to 86400`)
}

export const redshiftLocation = ({ cluster, workgroup, database }: RedshiftConnectionOptions): string =>
  `redshift:${cluster ?? workgroup}/${database}`
