import { channel } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { onFailure, type RunResult } from '@deltaworks/lakehouse'
import { retail } from '@deltaworks/retail'
import { AlertDesk } from './alert-desk.js'

describe('alert desk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-desk-'))
  const session = Session.create()
  const told: { readonly alerts: readonly { readonly status: string; readonly key: string }[] }[] = []
  let server: Server
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (part) => (body += String(part)))
      request.on('end', () => {
        told.push(JSON.parse(body) as (typeof told)[number])
        response.end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    await session.close()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true, force: true })
  })

  it('M-095: steps that fail are told within seconds, in one message, while the run goes on; and not again at its end', async () => {
    process.env['TEST_DESK_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const configuration = { channels: { hook: { kind: 'webhook' as const, url: { variable: 'TEST_DESK_URL' } } } }
    const lakehouse = { ...retail, alerts: [onFailure()] }
    const root = `file://${folder}`
    const desk = new AlertDesk({ lakehouse, session, root, environment: 'test', configuration })
    desk.listen()
    const run = { runId: 'r', lakehouse: 'retail', environment: 'test', root }
    channel('deltaworks:run:start').publish(run)
    const failed = ['build a', 'build b'].map((step) => ({
      result: { ...blankStep, step, status: 'failed' },
      failure: { step, table: step, code: 'DW-X', fault: 'storage' as const, message: 'no answer' },
    }))
    const begun = performance.now()
    for (const { result, failure } of failed) {
      channel('deltaworks:step:finish').publish({ ...run, ...result, durationMs: 1, rows: 0, result, failure })
    }
    while (told.length === 0 && performance.now() - begun < 10_000) await new Promise((r) => setTimeout(r, 50))
    expect(performance.now() - begun).toBeLessThan(8000)
    expect(told.map(({ alerts }) => alerts.map(({ key }) => key))).toEqual([['failure:build a', 'failure:build b']])
    const result = {
      ...blankResult,
      status: 'failed',
      steps: failed.map((step) => step.result),
      failures: failed.map(({ failure }) => failure),
    } as unknown as RunResult
    expect(await desk.ended(result, null, [])).toEqual([])
    expect(told).toHaveLength(1)
    desk.close()
  })
})

const blankStep = {
  step: '',
  kind: 'build',
  table: 't',
  layer: 'analytics',
  startMs: 0,
  endMs: 1,
  rowsIn: 0,
  rowsOut: 0,
  rowsQuarantined: 0,
  filesWritten: 0,
  bytesWritten: 0,
  version: null,
  note: null,
  attempts: 1,
}
const blankResult = { runId: 'r', lakehouse: 'retail', quality: [], tables: [], quarantined: 0, durationMs: 1 }
