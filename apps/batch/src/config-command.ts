import { loadDefinition, loadLakehouse, textTable, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { layeredConfiguration } from '@deltaworks/lakehouse'
import { Command } from 'commander'
import { isSecretKey } from './secret-keys.js'

export const configCommand = (): Command =>
  new Command('config').description('The configuration of an environment').addCommand(showCommand())

const showCommand = (): Command =>
  withCommonOptions(new Command('show'))
    .description('Each value of the configuration, and where it is from; secrets are masked')
    .addHelpText('after', '\nExample:\n  deltaworks-batch config show --env prod --set segments.high=12000')
    .action(async (options: CommonOptions) => {
      // Tells what is wrong before anything is shown.
      await loadLakehouse(options)
      const { environments } = await loadDefinition(options.lakehouse)
      const layered = layeredConfiguration(environments, options.env, { assignments: options.set })
      const values = [...layered.origins]
        .map(([path, { name, lines }]) => {
          const line = lines.get(path)
          return {
            path,
            value: shown(path, valueAt(layered.value, path)),
            origin: line === undefined ? name : `${name}:${line}`,
          }
        })
        .sort((a, b) => (a.path < b.path ? -1 : 1))
      if (options.json) process.stdout.write(`${JSON.stringify({ environment: options.env, values })}\n`)
      else if (!options.quiet) {
        const rows = values.map(({ path, value, origin }) => [path, JSON.stringify(value), origin])
        process.stdout.write(`${textTable(['key', 'value', 'from'], rows)}\n`)
      }
    })

const valueAt = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], value)

const shown = (path: string, value: unknown): unknown => (isSecretKey(path) && !isReference(path) ? '••••' : value)

/** Where a secret is, is no secret. */
const isReference = (path: string): boolean =>
  /^operations\..*\.(variable|file|secretsManager|parameter|key|region)$/.test(path)
