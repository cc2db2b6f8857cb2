import { AzureLocal, GcsLocal, type LocalServer } from '@deltaworks/cloud-local'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { openAzure } from '../azure/open-azure.js'
import { openGcs } from '../gcs/open-gcs.js'
import { optionalPackage } from '../optional-package.js'
import { azureOptions, gcsOptions } from '../options/storage-configuration.js'
import type { RemoteStore } from './remote-store.js'

const MiB = 1024 * 1024
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)
const numbered = (length: number): Uint8Array => new Uint8Array(length).map((_, i) => i ^ (i >>> 11))
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
const noWait = { sleep: async () => undefined }

interface Cloud {
  readonly server: LocalServer
  open(prefix?: string): RemoteStore
  stop(): Promise<void>
}

const gcsCloud = async (ignoreConditions = false): Promise<Cloud> => {
  const local = await GcsLocal.start({ buckets: ['lake'], ignoreConditions, pageSize: 50 })
  return {
    server: local.server,
    open: (prefix = '') => openGcs(`gs://lake${prefix}`, { endpoint: local.endpoint }, noWait),
    stop: () => local.stop(),
  }
}
const azureCloud = async (ignoreConditions = false): Promise<Cloud> => {
  const local = await AzureLocal.start({ containers: ['lake'], ignoreConditions, pageSize: 50 })
  const options = { account: AzureLocal.account, endpoint: local.endpoint }
  return {
    server: local.server,
    open: (prefix = '') => openAzure(`az://lake${prefix}`, options, noWait),
    stop: () => local.stop(),
  }
}

describe.each([
  ['Google Cloud Storage', gcsCloud],
  ['Azure Blob Storage', azureCloud],
])('D-88 M-129: %s', (_, start) => {
  let cloud: Cloud | null = null
  beforeAll(() => {
    process.env['AZURE_STORAGE_ACCOUNT_KEY'] = AzureLocal.key
  })
  afterEach(async () => {
    await cloud?.stop()
    cloud = null
  })

  it('survives answers that are lost, cut or unfriendly, and does each write once', async () => {
    cloud = await start()
    const { server } = cloud
    const store = cloud.open('/a')
    const content = numbered(3 * MiB)
    await store.put('k', content, 'overwrite')
    for (const kind of ['unavailable', 'too-many', 'cut-request', 'lost-response'] as const) {
      server.addFault({ kind, times: 2 })
      expect(same(await store.get('k', { start: 5, end: 2 * MiB }), content.subarray(5, 2 * MiB))).toBe(true)
      server.addFault({ kind, times: 2 })
      expect((await store.list('')).map((meta) => meta.path)).toEqual(['k'])
      server.addFault({ kind, times: 1 })
      expect(await store.exists('nothing')).toBe(false)
    }
    server.addFault({ kind: 'cut-body', times: 3, matches: ({ method }) => method === 'GET' })
    const target = new Uint8Array(new SharedArrayBuffer(3 * MiB))
    expect(await store.getInto('k', 0, target)).toBe(3 * MiB)
    expect(same(target, content)).toBe(true)
  })

  it('knows a conditional put whose answer was lost for its own, and equal content of another writer for another’s', async () => {
    cloud = await start()
    const { server } = cloud
    const isWrite = ({ method, url }: { readonly method: string; readonly url: URL }): boolean =>
      (method === 'PUT' || method === 'POST') && url.href.includes('0.json')
    const store = cloud.open()
    await store.put('first.json', bytes('x'), 'create')
    server.addFault({ kind: 'lost-response', times: 1, matches: isWrite })
    expect(await store.put('log/0.json', bytes('mine'), 'create')).toBe('written')
    server.addFault({ kind: 'unavailable', times: 1, matches: isWrite })
    expect(await cloud.open().put('log/0.json', bytes('mine'), 'create')).toBe('exists')
    server.addFault({
      kind: 'lost-response',
      matches: (request) => isWrite(request) && request.url.href.includes('10.json'),
    })
    expect(await store.put('log/10.json', bytes('mine'), 'create')).toBe('written')
  })

  it('lets one of many creators win while answers are lost', async () => {
    cloud = await start()
    const { server, open } = cloud
    const stores = Array.from({ length: 8 }, () => open())
    for (const store of stores) await store.put(`probed-${stores.indexOf(store)}`, bytes(''), 'create')
    let turn = 0
    server.addFault({
      kind: 'lost-response',
      matches: ({ method }) => method !== 'GET' && method !== 'HEAD' && turn++ % 3 === 0,
    })
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.all(stores.map((store, i) => store.put(`r${round}`, bytes(String(i)), 'create')))
      const winners = outcomes.flatMap((outcome, i) => (outcome === 'written' ? [String(i)] : []))
      expect(winners).toEqual([text(await open().get(`r${round}`))])
    }
  })

  it('writes large objects in parts, which appear when they are closed; conditions hold for them', async () => {
    cloud = await start()
    const store = cloud.open('/deep/prefix')
    const content = numbered(9 * MiB + 7)
    const writer = await store.writer('big')
    for (let at = 0; at < content.length; at += 5 * MiB) await writer.write(content.subarray(at, at + 5 * MiB))
    expect(await store.list('')).toEqual([])
    await writer.close()
    expect(same(await store.get('big'), content)).toBe(true)
    const given = await store.writer('given up')
    await given.write(content)
    await given.abort()
    expect((await store.list('')).map((meta) => [meta.path, meta.sizeBytes])).toEqual([['big', content.length]])
    // So much goes in parts.
    const large = new Uint8Array(33 * MiB)
    expect(await store.put('large', large, 'create')).toBe('written')
    expect(await store.put('large', large.fill(1), 'create')).toBe('exists')
    expect((await store.get('large', { start: 32 * MiB, end: 32 * MiB + 2 })).join()).toBe('0,0')
  })

  it('tells an object that is replaced while it is read', async () => {
    cloud = await start()
    const store = cloud.open()
    await store.put('k', numbered(MiB), 'overwrite')
    const target = new Uint8Array(1000)
    await store.getInto('k', 0, target)
    await cloud.open().put('k', new Uint8Array(MiB), 'overwrite')
    const rest = new Uint8Array(MiB - 1000)
    await expect(store.getInto('k', 1000, rest)).rejects.toMatchObject({ code: 'DW-STORAGE-0014' })
  })

  it('is refused by name where it ignores conditions, before anything is committed', async () => {
    cloud = await start(true)
    const store = cloud.open()
    await expect(store.put('log/0.json', bytes('1'), 'create')).rejects.toMatchObject({
      code: 'DW-STORAGE-0012',
      fault: 'unsupported',
      message: expect.stringContaining('127.0.0.1'),
    })
    expect(await store.list('')).toEqual([])
  })

  it('lists many pages, and sweeps what probes left', async () => {
    cloud = await start()
    const store = cloud.open('/p')
    for (let i = 0; i < 120; i += 40) {
      await Promise.all(Array.from({ length: 40 }, (_, j) => store.put(`many/${i + j}`, bytes('x'), 'overwrite')))
    }
    const many = await store.list('many')
    expect(many).toHaveLength(120)
    expect(await store.list('many', { startAfter: many[100]!.path })).toEqual(many.slice(101))
    await store.put('.tmp-probe', bytes('x'), 'overwrite')
    expect(await store.sweep('', 0)).toBe(1)
    await store.delete(many.map((meta) => meta.path))
    expect(await store.list('')).toEqual([])
  })

  it('tells a bucket that is not there', async () => {
    cloud = await start()
    const other = cloud.open().uri.startsWith('gs:')
      ? openGcs('gs://nowhere', { endpoint: cloud.server.endpoint })
      : openAzure('az://nowhere', {
          account: AzureLocal.account,
          endpoint: `${cloud.server.endpoint}/${AzureLocal.account}`,
        })
    await expect(other.list('')).rejects.toMatchObject({ code: 'DW-STORAGE-0011', fault: 'usage' })
  })
})

describe('D-88 M-129: options of the clouds', () => {
  it('come from the environment, and over it from the configuration', () => {
    const configuration = {
      gcs: { projectId: 'p' },
      azure: { account: 'one' },
      buckets: { 'gs://lake': { userProject: 'payer' }, 'az://raw': { account: 'two' } },
    }
    const environment = {
      DELTAWORKS_STORAGE: JSON.stringify(configuration),
      DELTAWORKS_GCS_MAX_ATTEMPTS: '3',
      STORAGE_EMULATOR_HOST: 'http://127.0.0.1:1',
      AZURE_STORAGE_ACCOUNT_NAME: 'three',
    }
    expect(gcsOptions('lake', environment)).toEqual({
      projectId: 'p',
      userProject: 'payer',
      maxAttempts: 3,
      endpoint: 'http://127.0.0.1:1',
    })
    expect([azureOptions('raw', environment).account, azureOptions('x', environment).account]).toEqual(['two', 'one'])
    const wrong = { DELTAWORKS_STORAGE: '{"buckets":{"gs://lake":{"encryption":"AES256"}}}' }
    expect(() => gcsOptions('lake', wrong)).toThrow(
      expect.objectContaining({
        code: 'DW-STORAGE-0010',
        message: expect.stringContaining('unknown option "encryption"'),
      }),
    )
  })

  it('a package that is not installed is told with what to install', () => {
    expect(() => optionalPackage('deltaworks-no-such-package', 'gs://lake')).toThrow(
      expect.objectContaining({
        code: 'DW-STORAGE-0015',
        fault: 'usage',
        message: expect.stringContaining('npm install'),
      }),
    )
  })

  it('an account that nobody named is told', async () => {
    await expect(openAzure('az://lake', {}).list('')).rejects.toMatchObject({ code: 'DW-STORAGE-0010' })
  })
})
