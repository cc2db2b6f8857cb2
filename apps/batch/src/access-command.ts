import { loadLakehouse, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { accessPolicy, terraformOf, type AccessPolicy, type DeployedApp } from '@deltaworks/lakehouse'
import { Command, Option } from 'commander'

const apps: readonly DeployedApp[] = ['batch', 'maintenance', 'export', 'console']

interface AccessOptions extends CommonOptions {
  readonly landing: string
  readonly app: readonly DeployedApp[] | undefined
  readonly format: 'json' | 'terraform'
}

export const accessCommand = (): Command =>
  withCommonOptions(new Command('access'))
    .description('The least that each app needs of AWS, as IAM policies made of the definitions')
    .addOption(new Option('--landing <uri>', 'where the landing files are').default('landing'))
    .addOption(new Option('--app <app...>', 'only these').choices([...apps]))
    .addOption(new Option('--format <format>', 'what is printed').choices(['json', 'terraform']).default('json'))
    .addHelpText(
      'after',
      '\nExample:\n  deltaworks-batch access --env prod --root s3://lake/prod --landing s3://landing/shop --format terraform',
    )
    .action(async (options: AccessOptions) => {
      const { lakehouse, operations } = await loadLakehouse(options)
      const { root, landing } = options
      const policies = new Map<string, AccessPolicy>(
        (options.app ?? apps).map((app) => [app, accessPolicy(app, { lakehouse, root, landing, operations })]),
      )
      const text =
        options.format === 'terraform' && !options.json
          ? terraformOf(lakehouse.name, options.env, policies)
          : `${JSON.stringify(Object.fromEntries(policies), null, options.json ? 0 : 2)}\n`
      process.stdout.write(text)
    })
