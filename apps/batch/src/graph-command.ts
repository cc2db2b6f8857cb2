import { loadLakehouse, textTable, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { stepGraph } from '@deltaworks/lakehouse'
import { Command } from 'commander'

/** What a scheduler makes its tasks of: `run --only TABLE` does one of them. */
export const graphCommand = (): Command =>
  withCommonOptions(new Command('graph'))
    .description('The steps of a run, and which of them each depends on')
    .action(async (options: CommonOptions) => {
      const { lakehouse } = await loadLakehouse(options)
      const steps = stepGraph(lakehouse)
      if (options.json) process.stdout.write(`${JSON.stringify({ lakehouse: lakehouse.name, steps })}\n`)
      else if (!options.quiet) {
        const rows = steps.map(({ kind, layer, table, dependsOn }) => [kind, layer, table, dependsOn.join(', ')])
        process.stdout.write(`${textTable(['step', 'layer', 'table', 'after'], rows)}\n`)
      }
    })
