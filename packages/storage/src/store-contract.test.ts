import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AzureLocal, GcsLocal } from '@deltaworks/cloud-local'
import { S3Local } from '@deltaworks/s3-local'
import { afterAll, describe, expect, it } from '@jest/globals'
import { openAzure } from './azure/open-azure.js'
import { FileStore } from './file-store.js'
import { openGcs } from './gcs/open-gcs.js'
import { MemoryStore } from './memory-store.js'
import type { ObjectStore } from './object-store.js'
import { S3Store } from './s3/s3-store.js'

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-storage-'))
const server = await S3Local.start({ buckets: ['lake'] })
const gcs = await GcsLocal.start({ buckets: ['lake'] })
const azure = await AzureLocal.start({ containers: ['lake'] })
process.env['AZURE_STORAGE_ACCOUNT_KEY'] = AzureLocal.key
process.env['AWS_ACCESS_KEY_ID'] = 'test'
process.env['AWS_SECRET_ACCESS_KEY'] = 'test12345'
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await Promise.all([server.stop(), gcs.stop(), azure.stop()])
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)
let stores = 0

const newS3 = (): ObjectStore => {
  server.buckets.get('lake')!.clear()
  return new S3Store(`s3://lake${stores++ % 2 === 0 ? '' : '/a/prefix'}`, { endpoint: server.endpoint })
}

const prefixOf = (n: number): string => (n % 2 === 0 ? '' : '/a/prefix')

const newGcs = (): ObjectStore => {
  gcs.buckets.get('lake')!.clear()
  return openGcs(`gs://lake${prefixOf(stores++)}`, { endpoint: gcs.endpoint })
}

const newAzure = (): ObjectStore => {
  azure.containers.get('lake')!.clear()
  return openAzure(`az://lake${prefixOf(stores++)}`, { account: AzureLocal.account, endpoint: azure.endpoint })
}

/** What every ObjectStore does. */
describe.each<[string, () => ObjectStore]>([
  ['FileStore', () => new FileStore(join(folder, `s${stores++}`))],
  ['durable FileStore', () => new FileStore(join(folder, `s${stores++}`), { durable: true })],
  ['MemoryStore', () => new MemoryStore('contract')],
  ['S3Store', newS3],
  ['RemoteStore of Google Cloud Storage', newGcs],
  ['RemoteStore of Azure Blob Storage', newAzure],
])('D-88 M-129: %s', (_name, open) => {
  it('reads what was put, whole and in ranges', async () => {
    const store = open()
    expect(await store.put('a/b.txt', bytes('hello world'), 'overwrite')).toBe('written')
    expect(text(await store.get('a/b.txt'))).toBe('hello world')
    expect(text(await store.get('a/b.txt', { start: 6, end: 9 }))).toBe('wor')
    expect(text(await store.get('a/b.txt', { start: 6, end: 900 }))).toBe('world')
    expect((await store.get('a/b.txt', { start: 50, end: 60 })).byteLength).toBe(0)
    expect(await store.head('a/b.txt')).toMatchObject({ path: 'a/b.txt', sizeBytes: 11 })
    expect(await store.exists('a/b.txt')).toBe(true)
    expect(await store.exists('a')).toBe(false)
  })

  it('tells the same of an object by itself and in a listing, so that who compares them sees only what changed', async () => {
    const store = open()
    await store.put('a/b.txt', bytes('one'), 'overwrite')
    const before = await store.head('a/b.txt')
    expect(await store.list('a')).toEqual([before])
    await store.put('a/b.txt', bytes('other'), 'overwrite')
    expect(await store.list('a')).toEqual([await store.head('a/b.txt')])
    expect(await store.list('a')).not.toEqual([before])
  })

  it('reads into shared memory', async () => {
    const store = open()
    await store.put('x', bytes('0123456789'), 'overwrite')
    const target = new Uint8Array(new SharedArrayBuffer(16), 4, 8)
    expect(await store.getInto('x', 5, target)).toBe(5)
    expect(Buffer.from(target).toString('latin1')).toBe('56789\0\0\0')
  })

  it('puts many parts as one object', async () => {
    const store = open()
    const parts = Array.from({ length: 3000 }, (_, i) => bytes(`${i},`))
    await store.put('parts', parts, 'create')
    expect(text(await store.get('parts'))).toBe(parts.map(text).join(''))
    await store.put('none', [], 'create')
    expect((await store.get('none')).byteLength).toBe(0)
  })

  it('overwrites, but creates only what is not there', async () => {
    const store = open()
    expect(await store.put('k', bytes('1'), 'create')).toBe('written')
    expect(await store.put('k', bytes('2'), 'create')).toBe('exists')
    expect(text(await store.get('k'))).toBe('1')
    await store.put('k', bytes('3'), 'overwrite')
    expect(text(await store.get('k'))).toBe('3')
  })

  it('writes many fresh objects at once, in folders that are not there yet', async () => {
    const store = open()
    const paths = Array.from({ length: 40 }, (_, i) => `new/month=${i % 20}/part-${i}`)
    await Promise.all(paths.map((path) => store.put(path, [bytes(path), bytes('!')], 'fresh')))
    for (const path of paths) expect(text(await store.get(path))).toBe(`${path}!`)
    expect(await store.list('new')).toHaveLength(40)
  })

  it('lets one of many creators win', async () => {
    const store = open()
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.put('log/0.json', bytes(String(i)), 'create')),
    )
    const winners = results.flatMap((result, i) => (result === 'written' ? [i] : []))
    expect(winners).toHaveLength(1)
    expect(text(await store.get('log/0.json'))).toBe(String(winners[0]))
    expect(await store.list('log')).toHaveLength(1)
  })

  it('lists in the order of UTF-8 bytes, from a path on, deep or flat', async () => {
    const store = open()
    const paths = ['t/a-b', 't/a/b', 't/a', 't/B', 't/é', 't/\u{1F600}', 't/\uFFFD', 'u/x'].filter(
      (path) => path !== 't/a', // a file and a folder cannot share a name on a disk
    )
    for (const path of paths) await store.put(path, bytes(path), 'overwrite')
    const expected = paths
      .filter((path) => path.startsWith('t/'))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect((await store.list('t')).map((meta) => meta.path)).toEqual(expected)
    expect((await store.list('t/')).map((meta) => meta.path)).toEqual(expected)
    expect((await store.list('')).map((meta) => meta.path)).toEqual([...expected, 'u/x'])
    expect((await store.list('t', { startAfter: 't/a-b' })).map((meta) => meta.path)).toEqual(
      expected.filter((path) => path > 't/a-b'),
    )
    expect((await store.list('t', { recursive: false })).map((meta) => meta.path)).not.toContain('t/a/b')
    const walked: string[] = []
    const wanted = (path: string): boolean => path !== 't/a-b'
    await store.walk('t', (path, sizeBytes, modifiedMs) => walked.push(`${path} ${sizeBytes} ${modifiedMs}`), wanted)
    const listed = (await store.list('t')).map((meta) => `${meta.path} ${meta.sizeBytes} ${meta.modifiedMs}`)
    expect(walked.sort()).toEqual(listed.filter((line) => !line.startsWith('t/a-b ')).sort())
    expect(await store.list('missing')).toEqual([])
  })

  it('copies an object, replacing what is there', async () => {
    const store = open()
    await store.put('a/b c', bytes('1'), 'overwrite')
    await store.put('d', bytes('22'), 'overwrite')
    await store.copy('a/b c', 'e/f')
    await store.copy('a/b c', 'd')
    expect([text(await store.get('e/f')), text(await store.get('d')), text(await store.get('a/b c'))]).toEqual([
      '1',
      '1',
      '1',
    ])
    await expect(store.copy('x/y', 'z')).rejects.toMatchObject({ code: 'DW-STORAGE-0001', details: { path: 'x/y' } })
    await expect(store.copy('d', '../z')).rejects.toMatchObject({ code: 'DW-STORAGE-0004' })
    expect((await store.list('')).map((meta) => meta.path)).toEqual(['a/b c', 'd', 'e/f'])
  })

  it('deletes, also what is not there', async () => {
    const store = open()
    await store.put('a', bytes('1'), 'overwrite')
    await store.delete(['a', 'b', 'c/d'])
    expect(await store.list('')).toEqual([])
  })

  it('tells what is missing by a typed error', async () => {
    const store = open()
    const attempts = [() => store.get('x/y'), () => store.head('x/y'), () => store.getInto('x/y', 0, new Uint8Array(1))]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: 'DW-STORAGE-0001', details: { path: 'x/y' } })
    }
  })

  it.each(['../x', 'a/../../x', '/etc/passwd', 'a//b', './a', '', 'a\0b', 'a/'])(
    'refuses the path %j',
    async (path) => {
      const store = open()
      const error = { code: 'DW-STORAGE-0004', fault: 'usage' }
      await expect(store.get(path)).rejects.toMatchObject(error)
      await expect(store.put(path, bytes(''), 'overwrite')).rejects.toMatchObject(error)
      await expect(store.writer(path)).rejects.toMatchObject(error)
      await expect(store.delete([path])).rejects.toMatchObject(error)
      if (!['', 'a/'].includes(path)) await expect(store.list(path)).rejects.toMatchObject(error)
    },
  )

  it('shows a written object only when its writer is closed', async () => {
    const store = open()
    const writer = await store.writer('big/part-0')
    await writer.write(bytes('abc'))
    await writer.write(bytes('def'))
    expect(writer.sizeBytes).toBe(6)
    expect(await store.list('')).toEqual([])
    expect(await writer.close()).toMatchObject({ path: 'big/part-0', sizeBytes: 6 })
    expect(text(await store.get('big/part-0'))).toBe('abcdef')
    await expect(writer.write(bytes('x'))).rejects.toMatchObject({ code: 'DW-STORAGE-0009' })
    await writer.abort()
    expect(await store.exists('big/part-0')).toBe(true)
  })

  it('forgets what an aborted writer wrote', async () => {
    const store = open()
    const writer = await store.writer('big/part-1')
    await writer.write(bytes('abc'))
    await writer.abort()
    expect(await store.list('')).toEqual([])
  })
})
