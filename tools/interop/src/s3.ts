import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@deltaworks/storage'
import { Checks } from './checks.js'
import {
  atOnce,
  carriedOn,
  deltaRsReads,
  land,
  onDisk,
  refusal,
  tools,
  twice,
  type Setting,
} from './pipeline-checks.js'
import type { RunningServer } from './running-server.js'
import { accessKey, secretKey, servers, type S3Server } from './s3-servers.js'
import { openSession } from './session.js'
import { objects, parts, race } from './store-checks.js'

/*
 * node tools/interop/dist/s3.js [--only SERVER] [--scale 0.2]
 *
 * The store and the whole pipeline on S3 servers that others wrote: versitygw (Go) and moto (Python) must serve, s3rver (npm),
 * which ignores If-None-Match, must be refused. Our own s3-local goes the same way.
 */

async function main(args: readonly string[]): Promise<number> {
  const option = (name: string): string | null => (args.includes(name) ? (args[args.indexOf(name) + 1] ?? null) : null)
  const only = option('--only')
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-interop-s3-'))
  const checks = new Checks()
  const session = openSession(false)
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
  try {
    const expected = await onDisk(folder, session, Number(option('--scale') ?? 0.2))
    for (const [number, server] of servers.entries()) {
      if (only !== null && only !== server.name) continue
      const objects = join(folder, server.name.replaceAll(' ', '-'))
      mkdirSync(objects)
      const running = await server.start(tools, objects)
      if (typeof running === 'string') {
        checks.skip(server.name, running)
        continue
      }
      const buckets = { landing: `s3://landing-${number}`, lake: `s3://lake-${number}` }
      const environment = { DELTAWORKS_S3_ENDPOINT: running.endpoint }
      try {
        await checkServer(server, running, { ...expected, session, environment, buckets }, checks)
      } finally {
        await running.stop()
      }
    }
  } finally {
    await session.close?.()
    rmSync(folder, { recursive: true, force: true })
  }
  return checks.finish()
}

async function checkServer(server: S3Server, running: RunningServer, setting: Setting, checks: Checks): Promise<void> {
  const { landing, lake } = setting.buckets
  const [id, secret] = server.keys ?? [accessKey, secretKey]
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret }, setting.environment)
  const check = (name: string, task: () => Promise<string | null>): Promise<void> =>
    checks.run(`${server.name}: ${name}`, task)
  await createBuckets(running.endpoint, [landing, lake])
  if (!server.keepsConditions) {
    await check('is refused by name', () => refusal(setting, running.endpoint))
    return
  }
  await check('objects', () => objects(openStore(`${lake}/objects`)))
  await check('8 writers, 40 keys, one winner each', () => race(lake))
  await check('objects in parts', () => parts(openStore(`${lake}/parts`)))
  await land(setting)
  await check('the pipeline, twice', () => twice(setting, 'one'))
  await check('maintained and exported, as npm start does', () => carriedOn(setting, 'one'))
  await check('the pipeline, two runs at once', () => atOnce(setting, 'two'))
  const options = {
    AWS_ENDPOINT_URL: running.endpoint,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_REGION: 'us-east-1',
    AWS_ALLOW_HTTP: 'true',
    AWS_VIRTUAL_HOSTED_STYLE_REQUEST: 'false',
  }
  await deltaRsReads(server.name, setting, 'one', options, checks)
}

async function createBuckets(endpoint: string, uris: readonly string[]): Promise<void> {
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true })
  for (const uri of uris) {
    await client.send(new CreateBucketCommand({ Bucket: uri.slice('s3://'.length) })).catch(() => undefined)
  }
  client.destroy()
}

process.exitCode = await main(process.argv.slice(2))
