import { fileURLToPath } from 'node:url'
import { resolveUri } from '@deltaworks/storage'
import { duckDbTarget } from '@deltaworks/warehouse'
import { Option, type Command } from 'commander'
import { exportCommand, type ExportCommandOptions } from './export-command.js'

interface Options extends ExportCommandOptions {
  readonly target: string
}

/** Of `--memory`, what DuckDB gets, which runs in this process; the engine has the rest. */
const memoryShare = 0.25

export const duckDbCommand = (): Command =>
  exportCommand<Options>({
    name: 'duckdb',
    description: 'Load into an embedded DuckDB file, in one transaction, reconciled against the lake',
    options: [new Option('--target <uri>', 'the DuckDB file').default('warehouse.duckdb')],
    memoryShare,
    open: ({ target, memory }) => {
      const uri = resolveUri(target)
      const path = uri.startsWith('file:') ? fileURLToPath(uri) : target
      return duckDbTarget(path, memory === undefined ? {} : { memoryBytes: Math.floor(memory * memoryShare) })
    },
  })
