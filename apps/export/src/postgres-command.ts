import { postgresTarget } from '@deltaworks/warehouse'
import { Option, type Command } from 'commander'
import { exportCommand, type ExportCommandOptions } from './export-command.js'

interface Options extends ExportCommandOptions {
  readonly target: string
  readonly schema: string | undefined
}

export const postgresCommand = (): Command =>
  exportCommand<Options>({
    name: 'postgres',
    description: 'Load into PostgreSQL by COPY, in one transaction, reconciled against the lake',
    options: [
      new Option('--target <uri>', 'postgres://user@host:5432/database; a password belongs into PGPASSWORD')
        .default('postgres://localhost:5432/postgres')
        .env('DELTAWORKS_POSTGRES'),
      new Option('--schema <name>', 'schema that the tables are put into; default: the connection’s'),
    ],
    open: ({ target, schema }) =>
      postgresTarget({ url: target, ...(schema === undefined ? {} : { schemaName: schema }) }),
  })
