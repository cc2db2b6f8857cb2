import { describe, expect, it } from '@jest/globals'
import { channel } from 'node:diagnostics_channel'
import { showProgress } from './progress.js'

const event = { runId: 'r', step: 'ingest customers', kind: 'ingest', index: 0, count: 4 }

describe('progress', () => {
  it('O-05: is drawn on a terminal, and wiped at the end', () => {
    const written: string[] = []
    const progress = showProgress({ isTTY: true, columns: 80, write: (text: string) => written.push(text) })
    channel('deltaworks:step:start').publish(event)
    channel('deltaworks:step:finish').publish({ ...event, durationMs: 1, rows: 2 })
    progress.stop()
    channel('deltaworks:step:start').publish(event)
    expect(written).toHaveLength(3)
    expect(written[0]).toContain('0/4 ingest customers')
    expect(written[1]).toContain('━━━━━───────────────')
    expect(written[2]).toBe('\r\u001b[2K')
  })
  it('O-05: writes nothing anywhere else', () => {
    const written: string[] = []
    const progress = showProgress({ isTTY: false, write: (text: string) => written.push(text) })
    expect(channel('deltaworks:step:start').hasSubscribers).toBe(false)
    progress.stop()
    expect(written).toEqual([])
  })
})
