import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openStore } from '@deltaworks/storage'
import { Session } from '../session.js'

describe('The hash of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-digest-'))
  const store = pathToFileURL(`${folder}/`).href
  // More than one read's worth, and not a multiple of it.
  const content = Buffer.alloc(5_000_001, 'some text, ')
  const expected = createHash('sha256').update(content).digest('hex')
  beforeAll(() => writeFileSync(join(folder, 'a.csv'), content))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each([1, 2])('M-007: is that of its content, on %d threads', async (threads) => {
    const session = Session.create({ threads })
    try {
      expect(await session.digestFile({ store, path: 'a.csv', sizeBytes: content.byteLength })).toBe(expected)
      await expect(session.digestFile({ store, path: 'b.csv', sizeBytes: 1 })).rejects.toMatchObject({
        code: 'DW-STORAGE-0001',
      })
    } finally {
      await session.close()
    }
  })

  it('M-007: is made on this thread where another one does not see the file', async () => {
    const memory = 'memory://digests'
    await openStore(memory).put('a.csv', content, 'overwrite')
    const session = Session.create({ threads: 2 })
    try {
      expect(await session.digestFile({ store: memory, path: 'a.csv', sizeBytes: content.byteLength })).toBe(expected)
    } finally {
      await session.close()
    }
  })
})
