import { parseArgs } from 'node:util'
import { RedshiftLocal } from './server.js'

const usage = `redshift-local: the Redshift Data API over PostgreSQL in this process.
  --port 5439        0: a free one
  --host 127.0.0.1
  --folder DIR       where the embedded PostgreSQL keeps its files; without, it is in memory
  --statement-timeout SECONDS
A PostgreSQL server instead of the embedded one: its URL in REDSHIFT_LOCAL_DATABASE (not an argument: it may hold a password).
S3, for COPY and UNLOAD: DELTAWORKS_S3_ENDPOINT (or AWS_ENDPOINT_URL_S3), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '5439' },
      host: { type: 'string', default: '127.0.0.1' },
      folder: { type: 'string' },
      'statement-timeout': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })

  if (values.help) {
    process.stdout.write(usage)
    return
  }
  const databaseUrl = process.env['REDSHIFT_LOCAL_DATABASE']
  const timeout = values['statement-timeout']
  const server = await RedshiftLocal.start({
    port: Number(values.port),
    host: values.host,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(values.folder === undefined ? {} : { folder: values.folder }),
    ...(timeout === undefined ? {} : { limits: { statementMs: Number(timeout) * 1000 } }),
  })
  process.stdout.write(`${server.endpoint}\n`)
  const stop = (): void => void server.stop()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  process.exitCode = 2
})
