import { loadLakehouse, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { validateLakehouse } from '@deltaworks/lakehouse'
import { Command } from 'commander'

export const validateCommand = (): Command =>
  withCommonOptions(new Command('validate'))
    .description('Check the definitions and the configuration; no data is read')
    .action(async (options: CommonOptions) => {
      const { lakehouse, configuration } = await loadLakehouse(options.lakehouse, options.env)
      const { tables, rules } = validateLakehouse(lakehouse, configuration)
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ lakehouse: lakehouse.name, valid: true, tables, rules })}\n`)
      } else if (!options.quiet) {
        process.stdout.write(`${lakehouse.name} is valid: ${tables} tables, ${rules} quality rules.\n`)
      }
    })
