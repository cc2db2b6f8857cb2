import { loadLakehouse, openSession, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { publishLake } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command } from 'commander'

export const publishCommand = (): Command =>
  withCommonOptions(new Command('publish'))
    .description('Let readers see the tables that runs of single steps have made, all at once')
    .addHelpText(
      'after',
      '\nA run of all steps publishes by itself. Nothing is published while a table is not up to date.',
    )
    .action(async (options: CommonOptions) => {
      const { lakehouse, configuration } = await loadLakehouse(options)
      const session = openSession(options)
      try {
        const root = resolveUri(options.root)
        const published = await publishLake({
          lakehouse,
          configuration,
          session,
          environment: options.env,
          root,
          landing: root,
          nowMicros: BigInt(Date.now()) * 1000n,
        })
        if (options.json) process.stdout.write(`${JSON.stringify({ published })}\n`)
        else if (!options.quiet) process.stdout.write(published ? 'Published.\n' : 'Nothing new to publish.\n')
      } finally {
        await session.close()
      }
    })
