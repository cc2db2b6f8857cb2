import { invalidOption, parseCount } from '@deltaworks/cli'
import { openStore, resolveUri, splitUri } from '@deltaworks/storage'
import { redshiftTarget } from '@deltaworks/warehouse'
import { Option, type Command } from 'commander'
import { exportCommand, type ExportCommandOptions } from './export-command.js'

interface Options extends ExportCommandOptions {
  readonly cluster?: string
  readonly workgroup?: string
  readonly database: string
  readonly secretArn?: string
  readonly dbUser?: string
  readonly region?: string
  readonly endpoint?: string
  readonly schema?: string
  readonly staging: string
  readonly iamRole: string
  readonly slices?: number
  readonly queryGroup?: string
  readonly statementTimeout?: number
}

export const redshiftCommand = (): Command =>
  exportCommand<Options>({
    name: 'redshift',
    description: 'Load into Amazon Redshift: staged in S3, by COPY, in one transaction, reconciled against the lake',
    options: [
      new Option('--cluster <name>', 'a provisioned cluster').env('DELTAWORKS_REDSHIFT_CLUSTER'),
      new Option('--workgroup <name>', 'a serverless workgroup').env('DELTAWORKS_REDSHIFT_WORKGROUP'),
      new Option('--database <name>', 'its database').default('dev').env('DELTAWORKS_REDSHIFT_DATABASE'),
      new Option('--secret-arn <arn>', 'user and password in Secrets Manager; default: the IAM identity'),
      new Option('--db-user <name>', 'a user of the cluster, by a temporary password of IAM'),
      new Option('--region <name>', 'default: AWS_REGION'),
      new Option('--endpoint <url>', 'another address of the Data API, such as redshift-local’s').env(
        'DELTAWORKS_REDSHIFT_ENDPOINT',
      ),
      new Option('--schema <name>', 'schema that the tables are put into; default: the user’s'),
      new Option('--staging <uri>', 'folder in S3 where rows are staged: s3://bucket/prefix')
        .makeOptionMandatory()
        .env('DELTAWORKS_REDSHIFT_STAGING'),
      new Option('--iam-role <arn>', 'a role that may read it, or "default"')
        .default('default')
        .env('DELTAWORKS_REDSHIFT_IAM_ROLE'),
      new Option('--slices <n>', 'slices of the cluster: small tables get as many files').argParser(
        parseCount('--slices'),
      ),
      new Option('--query-group <label>', 'label of all statements').default('deltaworks-export'),
      new Option('--statement-timeout <seconds>', 'until a statement is cancelled; default 3600').argParser(
        parseCount('--statement-timeout'),
      ),
    ],
    open: (options) => {
      const staging = resolveUri(options.staging)
      if (!staging.startsWith('s3://'))
        throw invalidOption('--staging', options.staging, 'Redshift reads from S3: give s3://bucket/prefix')
      const { store, path } = splitUri(staging)
      if (path === '') throw invalidOption('--staging', options.staging, 'give a folder of the bucket that is its own')
      const { cluster, workgroup, database, secretArn, dbUser, region, endpoint, queryGroup } = options
      return redshiftTarget({
        database,
        stage: {
          store: openStore(store),
          prefix: path,
          uri: staging,
          ...(options.slices === undefined ? {} : { slices: options.slices }),
        },
        copy: { iamRole: options.iamRole },
        ...defined({ cluster, workgroup, secretArn, dbUser, region, endpoint, queryGroup }),
        ...defined({ schemaName: options.schema, statementSeconds: options.statementTimeout }),
      })
    },
  })

/** Without what was not given. */
export const defined = <T extends Readonly<Record<string, unknown>>>(
  options: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>
  }
