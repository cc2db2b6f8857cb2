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
import { openSession } from './session.js'
import { objects, parts, race } from './store-checks.js'

/** A server of a store's protocol, running. */
export interface RunningStore extends RunningServer {
  /** How the apps reach it. */
  readonly environment: Readonly<Record<string, string>>
  /** How delta-rs does; null: it is not asked. */
  readonly deltaRs: Readonly<Record<string, string>> | null
  createBucket(name: string): Promise<void>
}

export interface StoreServer {
  readonly name: string
  readonly scheme: 's3' | 'gs' | 'az'
  /** Whether it keeps the promise that commits rest on; one that does not must be refused. */
  readonly keepsConditions: boolean
  /** @param folder an empty one for its objects @param buckets that there will be @returns why it cannot be had, or the server */
  start(tools: string, folder: string, buckets: readonly string[]): Promise<RunningStore | string>
  /** What only this server is asked. @param lake URI of a bucket */
  more?(running: RunningStore, lake: string, checks: Checks): Promise<void>
}

/**
 * The store and the whole pipeline on each server, or on the one that `--only` names; `--scale` of the landing files.
 * @returns the exit code
 */
export async function checkServers(servers: readonly StoreServer[], args: readonly string[]): Promise<number> {
  const option = (name: string): string | null => (args.includes(name) ? (args[args.indexOf(name) + 1] ?? null) : null)
  const only = option('--only')
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-interop-stores-'))
  const checks = new Checks()
  const session = openSession(false)
  try {
    useEnvironment({})
    const expected = await onDisk(folder, session, Number(option('--scale') ?? 0.2))
    for (const [number, server] of servers.entries()) {
      if (only !== null && only !== server.name) continue
      const own = join(folder, server.name.replaceAll(' ', '-'))
      mkdirSync(own)
      const names = [`landing-${number}`, `lake-${number}`] as const
      const running = await server.start(tools, own, names)
      if (typeof running === 'string') {
        checks.skip(server.name, running)
        continue
      }
      const { environment } = running
      const [landing, lake] = names.map((name) => `${server.scheme}://${name}`) as [string, string]
      useEnvironment(environment)
      try {
        for (const name of names) await running.createBucket(name)
        await checkServer(server, running, { ...expected, session, environment, buckets: { landing, lake } }, checks)
        await server.more?.(running, lake, checks)
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

const storeVariables = /^(AWS_|AZURE_|GOOGLE_|STORAGE_EMULATOR_HOST$|DELTAWORKS_(S3_|AZURE_|GCS_|STORAGE$))/

/** What the environment says of stores is this server's, for the threads of this process, too. */
export function useEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (storeVariables.test(name)) delete process.env[name]
  Object.assign(process.env, environment)
}

async function checkServer(
  { name: server, keepsConditions }: StoreServer,
  { endpoint, deltaRs }: RunningStore,
  setting: Setting,
  checks: Checks,
): Promise<void> {
  const { lake } = setting.buckets
  const check = (name: string, task: () => Promise<string | null>): Promise<void> =>
    checks.run(`${server}: ${name}`, task)
  if (!keepsConditions) {
    await check('is refused by name', () => refusal(setting, endpoint))
    return
  }
  await check('objects', () => objects(openStore(`${lake}/objects`)))
  await check('8 writers, 40 keys, one winner each', () => race(lake))
  await check('objects in parts', () => parts(openStore(`${lake}/parts`)))
  await land(setting)
  await check('the pipeline, twice', () => twice(setting, 'one'))
  await check('maintained and exported, as npm start does', () => carriedOn(setting, 'one'))
  await check('the pipeline, two runs at once', () => atOnce(setting, 'two'))
  if (deltaRs !== null) await deltaRsReads(server, setting, 'one', deltaRs, checks)
}
