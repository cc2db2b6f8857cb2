import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@deltaworks/storage'
import { Checks } from './checks.js'
import { azureSecrets, cloudServers, type CloudServer, type RunningCloud } from './cloud-servers.js'
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
import { openSession } from './session.js'
import { differs, objects, parts, race } from './store-checks.js'

/*
 * node tools/interop/dist/clouds.js [--only SERVER] [--scale 0.2]
 *
 * The stores and the whole pipeline on emulators of Azure Blob Storage and Google Cloud Storage that others wrote: Azurite (npm) and
 * fake-gcs-server (Go) must serve; servers of ours that ignore conditions must be refused.
 */

async function main(args: readonly string[]): Promise<number> {
  const option = (name: string): string | null => (args.includes(name) ? (args[args.indexOf(name) + 1] ?? null) : null)
  const only = option('--only')
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-interop-clouds-'))
  const checks = new Checks()
  const session = openSession(false)
  try {
    useEnvironment({})
    const expected = await onDisk(folder, session, Number(option('--scale') ?? 0.2))
    for (const [number, server] of cloudServers.entries()) {
      if (only !== null && only !== server.name) continue
      const objects = join(folder, server.name.replaceAll(' ', '-'))
      mkdirSync(objects)
      const names = [`landing-${number}`, `lake-${number}`] as const
      const running = await server.start(tools, objects, names)
      if (typeof running === 'string') {
        checks.skip(server.name, running)
        continue
      }
      const { environment } = running
      const [landing, lake] = names.map((name) => `${server.scheme}://${name}`) as [string, string]
      useEnvironment(environment)
      try {
        for (const name of names) await running.createBucket(name)
        const setting = { ...expected, session, environment, buckets: { landing, lake } }
        await checkServer(server, running, setting, checks)
        if (server.name === 'Azurite') await checkSecrets(running, lake, checks)
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

const cloudVariables = /^(AZURE_|GOOGLE_|STORAGE_EMULATOR_HOST$|DELTAWORKS_(AZURE_|GCS_|STORAGE$))/

/** What the environment says of clouds is this server's, for the threads of this process, too. */
function useEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (cloudVariables.test(name)) delete process.env[name]
  Object.assign(process.env, environment)
}

async function checkServer(
  server: CloudServer,
  running: RunningCloud,
  setting: Setting,
  checks: Checks,
): Promise<void> {
  const { lake } = setting.buckets
  const check = (name: string, task: () => Promise<string | null>): Promise<void> =>
    checks.run(`${server.name}: ${name}`, task)
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
  if (running.deltaRs !== null) await deltaRsReads(server.name, setting, 'one', running.deltaRs, checks)
}

/** The objects once more, reached by each other form of secret; a wrong one is an error that says so. */
async function checkSecrets(running: RunningCloud, lake: string, checks: Checks): Promise<void> {
  for (const [number, [form, environment]] of Object.entries(azureSecrets(running.endpoint)).entries()) {
    useEnvironment(environment)
    await checks.run(`Azurite: objects, by ${form}`, () => objects(openStore(`${lake}/by-secret-${number}`)))
  }
  useEnvironment({ ...running.environment, AZURE_STORAGE_ACCOUNT_KEY: Buffer.from('another').toString('base64') })
  await checks.run('Azurite: a wrong key is refused', async () => {
    const error: unknown = await openStore(`${lake}/by-wrong-key`)
      .put('k', new Uint8Array(1), 'create')
      .catch((e: unknown) => e)
    return differs('DW-STORAGE-0013', (error as { readonly code?: string }).code ?? error)
  })
}

process.exitCode = await main(process.argv.slice(2))
