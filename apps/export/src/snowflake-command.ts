import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { invalidOption } from '@deltaworks/cli'
import { openStore, resolveUri, splitUri } from '@deltaworks/storage'
import { snowflakeTarget, type SnowflakeLogin, type SnowflakeStage } from '@deltaworks/warehouse'
import { Option, type Command } from 'commander'
import { exportCommand, type ExportCommandOptions } from './export-command.js'
import { defined } from './redshift-command.js'

interface Options extends ExportCommandOptions {
  readonly account: string
  readonly user?: string
  readonly privateKey?: string
  readonly database: string
  readonly schema: string
  readonly role?: string
  readonly warehouse?: string
  readonly accessUrl?: string
  readonly staging?: string
  readonly stage?: string
  readonly queryTag?: string
  readonly purge?: boolean
}

export const snowflakeCommand = (): Command =>
  exportCommand<Options>({
    name: 'snowflake',
    description: 'Load into Snowflake: staged, by COPY INTO, in one transaction, reconciled against the lake',
    options: [
      new Option('--account <name>', 'organization-account').makeOptionMandatory().env('SNOWFLAKE_ACCOUNT'),
      new Option(
        '--user <name>',
        'who logs in: by SNOWFLAKE_PASSWORD, or --private-key; with SNOWFLAKE_TOKEN alone by OAuth',
      ).env('SNOWFLAKE_USER'),
      new Option(
        '--private-key <file>',
        'private key (PEM, PKCS#8); its passphrase in SNOWFLAKE_PRIVATE_KEY_PASSPHRASE',
      ).env('SNOWFLAKE_PRIVATE_KEY_PATH'),
      new Option('--database <name>', 'database').makeOptionMandatory().env('SNOWFLAKE_DATABASE'),
      new Option('--schema <name>', 'schema').default('PUBLIC').env('SNOWFLAKE_SCHEMA'),
      new Option('--role <name>', 'default: the user’s').env('SNOWFLAKE_ROLE'),
      new Option('--warehouse <name>', 'virtual warehouse that computes; default: the user’s').env(
        'SNOWFLAKE_WAREHOUSE',
      ),
      new Option('--access-url <url>', 'another address of the service').env('SNOWFLAKE_ACCESS_URL'),
      new Option('--staging <uri>', 'folder where rows are staged; default: a temporary one, for an internal stage'),
      new Option(
        '--stage <location>',
        'an external stage over that folder, @db.schema.stage/folder; "table" for the stages of tables; default: one of the session',
      ),
      new Option('--purge', 'let COPY INTO remove the files that it has read'),
      new Option('--query-tag <text>', 'tag of all statements').default('deltaworks-export'),
    ],
    open: (options) => {
      const isInternal = options.stage === undefined
      if (!isInternal && options.staging === undefined)
        throw invalidOption('--stage', options.stage!, 'say with --staging which folder it is over')
      const staging = resolveUri(options.staging ?? join(tmpdir(), 'deltaworks-staging'))
      if (isInternal && !staging.startsWith('file:'))
        throw invalidOption('--staging', options.staging!, 'an internal stage is filled from a local folder')
      const { store, path } = splitUri(staging)
      const { account, database, schema, role, warehouse, accessUrl, queryTag } = options
      return snowflakeTarget({
        account,
        database,
        schema,
        login: loginOf(options, process.env),
        staging: { store: openStore(store), prefix: path, uri: staging },
        stage: stageOf(options.stage),
        copy: { purge: options.purge === true },
        ...defined({ role, warehouse, accessUrl, queryTag }),
      })
    },
  })

function stageOf(stage: string | undefined): SnowflakeStage {
  if (stage === undefined) return { kind: 'internal', name: 'deltaworks_stage' }
  return stage === 'table' ? { kind: 'table' } : { kind: 'external', location: stage }
}

/** Secrets come by the environment, where no list of processes shows them. @throws UsageError */
function loginOf({ user, privateKey }: Options, environment: NodeJS.ProcessEnv): SnowflakeLogin {
  const token = environment['SNOWFLAKE_TOKEN']
  if (user === undefined) {
    if (token === undefined)
      throw invalidOption('--user', '', 'say who logs in, or put an OAuth token into SNOWFLAKE_TOKEN')
    return { kind: 'oauth', token }
  }
  if (privateKey === undefined)
    return { kind: 'password', username: user, password: environment['SNOWFLAKE_PASSWORD'] ?? '' }
  const passphrase = environment['SNOWFLAKE_PRIVATE_KEY_PASSPHRASE']
  return {
    kind: 'key-pair',
    username: user,
    privateKeyPath: privateKey,
    ...(passphrase === undefined ? {} : { passphrase }),
  }
}
