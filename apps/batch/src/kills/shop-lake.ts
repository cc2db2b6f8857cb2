import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Session } from '@deltaworks/engine'
import { latestPublication, logicalHash, publishedLake, type Publication } from '@deltaworks/lakehouse'
import { generateLanding } from '@deltaworks/sample-data'

const bin = fileURLToPath(new URL('../../bin/deltaworks-batch.cjs', import.meta.url))

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface StartOptions {
  readonly now?: string
  readonly runId?: string
  readonly nodeOptions?: readonly string[]
}

/** A lake with one whole run in it, and landing files for a second one, in a folder of its own. */
export class ShopLake {
  readonly folder: string
  /** The lake behind the first run: never run in, copied. */
  readonly base: string
  readonly landing: string

  private constructor(folder: string) {
    this.folder = folder
    this.base = join(folder, 'base')
    this.landing = join(folder, 'landing')
  }

  static async make(folder: string, scale: number): Promise<ShopLake> {
    const shop = new ShopLake(folder)
    const all = join(folder, 'all')
    generateLanding({ out: all, scale })
    mkdirSync(shop.landing, { recursive: true })
    const names = readdirSync(all).sort()
    const newest = names.filter((name) => /transactions/.test(name)).at(-1)!
    for (const name of names) if (name !== newest) cpSync(join(all, name), join(shop.landing, name))
    // The second half of the newest transactions comes with the second run.
    const [header, ...lines] = readFileSync(join(all, newest), 'utf8').trimEnd().split('\n')
    const half = Math.floor(lines.length / 2)
    const land = (name: string, part: readonly string[]): void =>
      writeFileSync(join(shop.landing, name), `${[header, ...part].join('\n')}\n`)
    land(newest, lines.slice(0, half))
    await shop.finished(shop.start(shop.base, { now: '2026-01-01T06:00:00Z', runId: 'first' }))
    land(newest.replace(/_\d+\.csv$/, '_20991231.csv'), lines.slice(half))
    return shop
  }

  /** A copy of the lake behind the first run. */
  copy(name: string): string {
    const lake = join(this.folder, name)
    rmSync(lake, { recursive: true, force: true })
    cpSync(this.base, lake, { recursive: true })
    return lake
  }

  /** Starts a run. `nodeOptions` are for `node` itself. */
  start(
    lake: string,
    { now = '2026-01-02T06:00:00Z', runId = 'second', nodeOptions = [] }: StartOptions = {},
  ): ChildProcess {
    const args = [bin, 'run', '--landing', this.landing, '--root', lake, '--now', now, '--run-id', runId]
    return spawn(process.execPath, [...nodeOptions, ...args], { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** Goes on with a run; one that was killed before it wrote anything is begun again. */
  async resume(lake: string): Promise<void> {
    const args = [bin, 'resume', '--quiet', '--root', lake]
    const { status, stderr } = await this.ended(spawn(process.execPath, args, { cwd: this.folder }))
    if (status === 0) return
    if (!stderr.startsWith('DW-LAKEHOUSE-0043')) throw new Error(`resume ended with ${status}: ${stderr}`)
    await this.finished(this.start(lake))
  }

  ended(child: ChildProcess): Promise<Ended> {
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (data) => (stdout += String(data)))
    child.stderr?.on('data', (data) => (stderr += String(data)))
    return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })))
  }

  async finished(child: ChildProcess): Promise<void> {
    const { status, stderr } = await this.ended(child)
    if (status !== 0) throw new Error(`the run ended with ${status}: ${stderr}`)
  }
}

/** What readers of a lake see: the publication, and how many rows each of its tables has. */
export interface Sight {
  readonly publication: Publication | null
  readonly rows: Readonly<Record<string, number | null>>
}

export async function look(session: Session, lake: string): Promise<Sight> {
  const root = `file://${lake}`
  const publication = await latestPublication(root)
  const seen = await publishedLake(session, root, publication)
  const rows: Record<string, number | null> = {}
  for (const path of Object.keys(publication?.versions ?? {})) rows[path] = (await seen.existing(path)).detail().numRows
  return { publication, rows }
}

/** Logical hashes of the published tables: equal for the same rows. */
export async function hashesOf(session: Session, lake: string): Promise<Readonly<Record<string, string>>> {
  const root = `file://${lake}`
  const seen = await publishedLake(session, root)
  const hashes: Record<string, string> = {}
  for (const path of Object.keys((await latestPublication(root))?.versions ?? {})) {
    hashes[path] = await logicalHash(session, await seen.frame(path))
  }
  return hashes
}
