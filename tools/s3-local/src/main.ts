import { parseArgs } from 'node:util'
import { S3Local } from './server.js'

const usage = `s3-local: an S3 server in this process; objects are in memory.
  --port 9000        0: a free one
  --host 127.0.0.1
  --bucket NAME      a bucket that is there from the start; may be given again
  --credentials ID:SECRET   check signatures; without, they are not looked at
  --latency MS       what each answer waits
  --ignore-conditions       behave like a store without conditional writes
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '9000' },
      host: { type: 'string', default: '127.0.0.1' },
      bucket: { type: 'string', multiple: true, default: [] },
      credentials: { type: 'string' },
      latency: { type: 'string', default: '0' },
      'ignore-conditions': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })

  if (values.help) {
    process.stdout.write(usage)
    return
  }
  const [accessKeyId, secretAccessKey] = values.credentials?.split(':') ?? []
  const server = await S3Local.start({
    port: Number(values.port),
    host: values.host,
    buckets: values.bucket,
    latencyMs: Number(values.latency),
    ignoreConditions: values['ignore-conditions'],
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: [{ accessKeyId, secretAccessKey }] }),
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
