import { userInfo } from 'node:os'
import { loadDefinition, openSession, textTable, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import {
  loadEnvironment,
  planPromotion,
  promotionRefused,
  recordPromotion,
  type LakehouseDefinition,
  type PromotedEnvironment,
  type PromotionPlan,
} from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { isSecretKey } from './secret-keys.js'

interface PromoteOptions extends CommonOptions {
  readonly from: string
  readonly to: string
  readonly rootFrom: string
  readonly rootTo: string
  readonly dryRun: boolean
  readonly commit: string | undefined
}

export const promoteCommand = (): Command =>
  withCommonOptions(new Command('promote'))
    .description('Let what one environment has run into another: compare, show the plan, record it')
    .requiredOption('--from <name>', 'environment that has run the definitions as they are now')
    .requiredOption('--to <name>', 'environment that they are let into')
    .requiredOption('--root-from <uri>', 'the lake of the one')
    .requiredOption('--root-to <uri>', 'the lake of the other')
    .addOption(new Option('--dry-run', 'only show the plan').default(false))
    .addOption(new Option('--commit <id>', 'version control’s name of the code').env('DELTAWORKS_COMMIT'))
    .addHelpText(
      'after',
      '\nRefused are definitions that the first has not run, runs that failed, failed critical rules, and raw tables whose rows the' +
        '\nnew definition does not allow. Environments with "operations": {"promotion": "required"} run only what was promoted.' +
        '\n\nExample:\n  deltaworks-batch promote --from dev --to prod --root-from s3://lake/dev --root-to s3://lake/prod',
    )
    .action(async (options: PromoteOptions) => {
      const lakehouse = await loadDefinition(options.lakehouse)
      const session = openSession(options)
      try {
        const from = environmentOf(lakehouse, options.from, options.rootFrom)
        const to = environmentOf(lakehouse, options.to, options.rootTo)
        const plan = await planPromotion({ lakehouse, session, from, to })
        print(plan, options)
        if (plan.problems.length > 0) throw promotionRefused(options.from, options.to, plan.problems)
        if (options.dryRun) return
        await recordPromotion({
          formatVersion: 1,
          promotedMs: Date.now(),
          lakehouse: lakehouse.name,
          from: { environment: from.environment, root: from.root, runId: plan.runId },
          to: { environment: to.environment, root: to.root },
          definitions: plan.definitions,
          rules: plan.rules,
          commit: options.commit ?? null,
          by: userInfo().username,
          differences: plan.configuration.map(({ key }) => key),
        })
        if (!options.json && !options.quiet) process.stdout.write(`Promoted to ${to.environment}.\n`)
      } finally {
        await session.close()
      }
    })

function environmentOf(lakehouse: LakehouseDefinition, environment: string, root: string): PromotedEnvironment {
  const { configuration } = loadEnvironment(lakehouse.environments, environment, lakehouse.configuration)
  return { environment, root: resolveUri(root), configuration }
}

function print({ tables, configuration, quality, problems, runId }: PromotionPlan, options: PromoteOptions): void {
  const shown = configuration.map(({ key, from, to }) =>
    isSecretKey(key) ? { key, from: '••••', to: '••••' } : { key, from, to },
  )
  if (options.json) {
    const { dryRun } = options
    process.stdout.write(`${JSON.stringify({ runId, tables, configuration: shown, quality, problems, dryRun })}\n`)
    return
  }
  if (options.quiet) return
  const rows = tables.map((table) => [table.table, table.definition, table.rules, table.next, table.schema.join('; ')])
  process.stdout.write(
    `Run ${runId} of ${options.from}\n\n${textTable(['table', 'definition', 'rules', 'next run', 'schema'], rows)}\n`,
  )
  if (shown.length > 0) {
    const values = shown.map(({ key, from, to }) => [key, JSON.stringify(from) ?? '', JSON.stringify(to) ?? ''])
    process.stdout.write(`\n${textTable(['configuration', options.from, options.to], values)}\n`)
  }
  if (quality.length > 0) {
    const failed = quality.map(({ table, rule, level, metric }) => [table, rule, level, String(metric)])
    process.stdout.write(`\n${textTable(['failed rule of', '', 'level', 'measured'], failed)}\n`)
  }
  process.stdout.write('\n')
}
