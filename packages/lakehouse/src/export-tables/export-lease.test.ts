import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openStore } from '@deltaworks/storage'
import { encodeJson, numberedPath } from '../runs/numbered-objects.js'
import { exportAlone, leaseGuard } from './export-lease.js'

describe('what other exports of a lake are told of one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-export-lease-'))
  const root = pathToFileURL(folder).href
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const leases = async () => (await openStore(root).list('operations/leases')).map(({ path }) => path)
  const isDone = async (loadId: string): Promise<boolean> => {
    let done = false
    await leaseGuard(root).whileNotGoingOn(loadId, async () => {
      done = true
      // Nobody resumes it meanwhile.
      await expect(exportAlone(root, loadId, () => Promise.resolve())).rejects.toMatchObject({
        code: 'DW-LAKEHOUSE-0058',
      })
    })
    return done
  }

  it('W-22: an export that is going on is left alone; one that has ended is not', async () => {
    const during = await exportAlone(root, 'a', async (isLeased) => [isLeased, await isDone('a'), await isDone('b')])
    expect(during).toEqual([true, false, true])
    expect(await isDone('a')).toBe(true)
    expect(await leases()).toEqual([])
  })

  it('W-22: the lease of an export that was killed keeps nobody from it, and goes', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    const expiresMs = Date.now() + 60_000
    const held = { runId: 'k', owner: 'o', host: hostname(), pid, startedMs: Date.now(), expiresMs }
    await openStore(root).put(numberedPath('operations/leases/export-k', 1), encodeJson(held), 'create')
    expect(await isDone('k')).toBe(true)
    // Of another machine nobody knows before the lease has ended.
    const elsewhere = encodeJson({ ...held, host: 'elsewhere.example' })
    await openStore(root).put(numberedPath('operations/leases/export-e', 1), elsewhere, 'create')
    expect(await isDone('e')).toBe(false)
    expect(await leases()).toEqual([numberedPath('operations/leases/export-e', 1)])
  })
})
