import {
  alertDesk,
  exitCode,
  loadLakehouse,
  openSession,
  reportError,
  textTable,
  usageProblem,
  withCommonOptions,
  type AlertDesk,
  type CommonOptions,
} from '@deltaworks/cli'
import { readAlertLedger } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command } from 'commander'

export const alertsCommand = (): Command =>
  new Command('alerts')
    .description('Who is told of what')
    .addCommand(listCommand())
    .addCommand(checkCommand())
    .addCommand(testCommand())

const listCommand = (): Command =>
  withCommonOptions(new Command('list'))
    .description('Trouble that lasts, and who was told of it')
    .action(async (options: CommonOptions) => {
      const { alerts } = await readAlertLedger(resolveUri(options.root))
      if (options.json) process.stdout.write(`${JSON.stringify({ alerts })}\n`)
      else if (!options.quiet) {
        const rows = alerts.map((alert) => [
          alert.firing ? alert.severity : 'recovered',
          alert.title,
          new Date(alert.sinceMs).toISOString(),
          Object.keys(alert.toldMs).join(', '),
        ])
        process.stdout.write(rows.length === 0 ? 'Nothing.\n' : `${textTable(['', 'alert', 'since', 'told'], rows)}\n`)
      }
    })

const checkCommand = (): Command =>
  withCommonOptions(new Command('check'))
    .description('Look at what needs no run: whether tables are as fresh as is agreed')
    .addHelpText('after', '\nFor a scheduler of its own, so that a pipeline that is not started at all is noticed.')
    .action((options: CommonOptions) => withDesk(options, (desk) => desk.ended(null, null, [])))

const testCommand = (): Command =>
  withCommonOptions(new Command('test'))
    .description('Send a notice to every channel, to see that it arrives')
    .action((options: CommonOptions) => withDesk(options, (desk) => desk.test()))

async function withDesk(options: CommonOptions, task: (desk: AlertDesk) => Promise<readonly unknown[]>): Promise<void> {
  const loaded = await loadLakehouse(options)
  const session = openSession(options)
  try {
    const root = resolveUri(options.root)
    const desk = await alertDesk({ loaded, session, root, environment: options.env, task: 'check' })
    if (desk === null) {
      throw usageProblem(`Environment "${options.env}" has no alert channels; give it "operations.alerts.channels".`)
    }
    const failures = await task(desk)
    for (const failure of failures) reportError(failure, options)
    if (failures.length > 0) process.exitCode = exitCode.failed
    else if (options.json) process.stdout.write(`${JSON.stringify({ delivered: true })}\n`)
    else if (!options.quiet) process.stdout.write('Done.\n')
  } finally {
    await session.close()
  }
}
