import { fileURLToPath } from 'node:url'
import { resolveUri } from '@deltaworks/storage'
import { duckDbTarget } from '@deltaworks/warehouse'
import { Option, type Command } from 'commander'
import { exportCommand, type ExportCommandOptions } from './export-command.js'

interface Options extends ExportCommandOptions {
  readonly target: string
}

export const duckDbCommand = (): Command =>
  exportCommand<Options>({
    name: 'duckdb',
    description: 'Load into an embedded DuckDB file, in one transaction, reconciled against the lake',
    options: [new Option('--target <uri>', 'the DuckDB file').default('warehouse.duckdb')],
    open: ({ target }) => {
      const uri = resolveUri(target)
      return duckDbTarget(uri.startsWith('file:') ? fileURLToPath(uri) : target)
    },
  })
