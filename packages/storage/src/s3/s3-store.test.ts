import { S3Local, type FaultKind, type FaultRule, type S3LocalOptions } from '@deltaworks/s3-local'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { S3Options } from './s3-options.js'
import { S3Store } from './s3-store.js'

const MiB = 1024 * 1024
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)
/** Bytes that tell where they are. */
const numbered = (length: number): Uint8Array => {
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let i = 0; i < words.length; i++) words[i] = i
  return new Uint8Array(words.buffer, 0, length)
}
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

describe('D-88: S3Store', () => {
  const servers: S3Local[] = []
  const serve = async (options: S3LocalOptions = {}): Promise<S3Local> => {
    const server = await S3Local.start({ buckets: ['lake'], seed: 7, ...options })
    servers.push(server)
    return server
  }
  /** A store that waits for nothing between attempts. */
  const open = (server: S3Local, options: S3Options = {}, uri = 's3://lake'): S3Store =>
    new S3Store(uri, { endpoint: server.endpoint, ...options }, { sleep: async () => undefined })
  const count = (server: S3Local, operation: string): number =>
    server.requests.filter((request) => request.operation === operation).length

  beforeAll(() => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test12345'
  })
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })

  describe('faults', () => {
    it.each<[FaultKind, string, (store: S3Store) => Promise<unknown>]>([
      ['slow-down', 'GetObject', (store) => store.get('a')],
      ['internal-error', 'GetObject', (store) => store.get('a')],
      ['cut-request', 'GetObject', (store) => store.get('a', { start: 0, end: 10 })],
      ['lost-response', 'GetObject', (store) => store.getInto('a', 0, new Uint8Array(10))],
      ['cut-body', 'GetObject', (store) => store.get('a')],
      ['cut-body', 'GetObject', (store) => store.get('a', { start: 3, end: 900_000 })],
      ['lost-response', 'HeadObject', (store) => store.head('a')],
      ['slow-down', 'ListObjectsV2', (store) => store.list('')],
      ['cut-body', 'ListObjectsV2', (store) => store.list('')],
      ['lost-response', 'CopyObject', (store) => store.copy('a', 'b')],
      ['internal-error', 'DeleteObjects', (store) => store.delete(['x', 'y'])],
      ['lost-response', 'PutObject', (store) => store.put('a', bytes('1'), 'overwrite')],
    ])('%s of %s three times is survived', async (kind, operation, act) => {
      const server = await serve()
      const store = open(server)
      await store.put('a', numbered(MiB), 'overwrite')
      const expected = await act(store)
      server.faults.add({ kind, operations: [operation], times: 3 })
      const actual = await act(store)
      expect(server.faults.counts.get(kind)).toBe(3)
      if (actual instanceof Uint8Array) expect(same(actual, expected as Uint8Array)).toBe(true)
      else if (operation !== 'HeadObject' && operation !== 'ListObjectsV2') expect(actual).toEqual(expected)
    })

    it('a body that breaks off is gone on with, not begun again', async () => {
      const server = await serve()
      const store = open(server)
      const content = numbered(20 * MiB)
      await store.put('big', content, 'overwrite')
      const before = server.requests.length
      server.faults.add({ kind: 'cut-body', operations: ['GetObject'], times: 2 })
      const target = new Uint8Array(new SharedArrayBuffer(content.byteLength))
      expect(await store.getInto('big', 0, target)).toBe(content.byteLength)
      expect(same(target, content)).toBe(true)
      const starts = server.requests.slice(before).map(({ headers }) => Number(/=(\d+)-/.exec(headers['range']!)![1]))
      expect(starts.filter((start) => start % (8 * MiB) !== 0)).toHaveLength(2)
    })

    it('an object that is replaced while it is read is an error, not a mixture', async () => {
      const server = await serve()
      const store = open(server)
      await store.put('a', numbered(MiB), 'overwrite')
      const target = new Uint8Array(MiB / 2)
      await store.getInto('a', 0, target)
      await open(server).put('a', new Uint8Array(MiB), 'overwrite')
      await expect(store.getInto('a', MiB / 2, target)).rejects.toMatchObject({ code: 'DW-STORAGE-0014' })
      expect(await store.getInto('a', MiB / 2, target)).toBe(MiB / 2)
      expect(target.every((byte) => byte === 0)).toBe(true)
    })

    it('slow bodies come whole; a silent connection is given up and asked again', async () => {
      const server = await serve()
      const store = open(server, { idleTimeoutMs: 300 })
      await store.put('a', numbered(MiB), 'overwrite')
      server.faults.add({ kind: 'slow-body', operations: ['GetObject'], times: 1, delayMs: 500 })
      expect((await store.get('a')).byteLength).toBe(MiB)
      server.faults.add({ kind: 'slow-body', operations: ['GetObject'], times: 1, delayMs: 20_000 })
      const started = performance.now()
      expect((await store.get('a')).byteLength).toBe(MiB)
      expect(performance.now() - started).toBeLessThan(5000)
      expect(count(server, 'GetObject')).toBe(3)
    })

    it('what does not pass is an error after the attempts that were allowed', async () => {
      const server = await serve()
      const store = open(server, { maxAttempts: 3 })
      server.faults.add({ kind: 'internal-error', operations: ['GetObject'] })
      await expect(store.get('a')).rejects.toMatchObject({ code: 'DW-STORAGE-0005', details: { path: 'a' } })
      expect(count(server, 'GetObject')).toBe(3)
      await server.stop()
      await expect(store.get('a')).rejects.toMatchObject({ code: 'DW-STORAGE-0005' })
    })

    it('fewer requests are under way while the store says "slow down"', async () => {
      const server = await serve({ latencyMs: 5 })
      const store = open(server, { connections: 16 })
      await store.put('a', bytes('1'), 'overwrite')
      const read = () => Promise.all(Array.from({ length: 64 }, () => store.get('a')))
      await read()
      expect(server.peakConnections).toBeGreaterThan(8)
      expect(server.peakConnections).toBeLessThanOrEqual(16)
      server.faults.add({ kind: 'slow-down', operations: ['GetObject'], times: 40 })
      await read()
      expect(server.faults.counts.get('slow-down')).toBe(40)
    })
  })

  describe('conditional put', () => {
    it.each<FaultKind>(['lost-response', 'internal-error', 'slow-down', 'conflict', 'cut-request'])(
      'is done once, and says so, when its first attempts meet %s',
      async (kind) => {
        const server = await serve()
        const store = open(server)
        await store.put('first', bytes('1'), 'create')
        server.faults.add({ kind, operations: ['PutObject'], times: 2 })
        expect(await store.put('log/0.json', bytes('mine'), 'create')).toBe('written')
        expect(text(await store.get('log/0.json'))).toBe('mine')
        expect(await store.put('log/0.json', bytes('yours'), 'create')).toBe('exists')
      },
    )

    it('another writer’s equal content is not taken for our own', async () => {
      const server = await serve()
      const store = open(server)
      await store.put('log/0.json', bytes('same'), 'create')
      server.faults.add({ kind: 'internal-error', operations: ['PutObject'], times: 1 })
      expect(await store.put('log/0.json', bytes('same'), 'create')).toBe('exists')
    })

    it('is known to be done even if every answer is lost', async () => {
      const server = await serve()
      const store = open(server, { maxAttempts: 4 })
      await store.put('first', bytes('1'), 'create')
      server.faults.add({ kind: 'lost-response', operations: ['PutObject'], times: 1 })
      server.faults.add({ kind: 'cut-request', operations: ['PutObject'] })
      expect(await store.put('log/0.json', bytes('mine'), 'create')).toBe('written')
    })

    it('lets one of many creators win while answers are lost', async () => {
      const server = await serve()
      server.faults.add({ kind: 'lost-response', operations: ['PutObject'], probability: 0.3 })
      server.faults.add({ kind: 'slow-down', probability: 0.1 })
      const stores = Array.from({ length: 8 }, () => open(server, { maxAttempts: 20 }))
      for (let round = 0; round < 10; round++) {
        const outcomes = await Promise.all(stores.map((store, i) => store.put(`log/${round}`, bytes(`${i}`), 'create')))
        expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1)
        expect(text(await stores[0]!.get(`log/${round}`))).toBe(String(outcomes.indexOf('written')))
      }
      expect(server.faults.counts.get('lost-response')).toBeGreaterThan(10)
    })

    it('is refused by name, before anything is committed, where the store ignores the condition', async () => {
      const server = await serve({ ignoreConditions: true })
      const store = open(server)
      const attempt = store.put('t/_delta_log/0.json', bytes('{}'), 'create')
      await expect(attempt).rejects.toMatchObject({
        code: 'DW-STORAGE-0012',
        fault: 'unsupported',
        message: expect.stringContaining(server.endpoint),
      })
      expect([...(await store.list('')), server.buckets.get('lake')!.size]).toEqual([0])
      await expect(store.put('t/_delta_log/0.json', bytes('{}'), 'create')).rejects.toMatchObject({
        code: 'DW-STORAGE-0012',
      })
      expect(await store.put('data', bytes('1'), 'overwrite')).toBe('written')
    })

    it('tries the store once, and leaves nothing of that behind', async () => {
      const server = await serve()
      const store = open(server)
      await Promise.all(Array.from({ length: 5 }, (_, i) => store.put(`a/${i}`, bytes('1'), 'create')))
      expect(count(server, 'DeleteObjects')).toBe(1)
      expect(server.buckets.get('lake')!.size).toBe(5)
    })
  })

  describe('uploads', () => {
    const upload = async (store: S3Store, path: string, content: Uint8Array): Promise<void> => {
      const writer = await store.writer(path)
      for (let at = 0; at < content.byteLength; at += 700_001) await writer.write(content.subarray(at, at + 700_001))
      expect(await writer.close()).toMatchObject({ path, sizeBytes: content.byteLength })
    }

    it('go in parts while they are written, and appear when they are closed', async () => {
      const server = await serve()
      const store = open(server, { partBytes: 5 * MiB })
      const content = numbered(33 * MiB + 5)
      await upload(store, 'a/big', content)
      expect(count(server, 'UploadPart')).toBe(7)
      expect(same(await store.get('a/big'), content)).toBe(true)
      await upload(store, 'a/small', content.subarray(0, MiB))
      expect(count(server, 'CreateMultipartUpload')).toBe(1)
    })

    it.each<FaultRule>([
      { kind: 'lost-response', operations: ['CompleteMultipartUpload'], times: 2 },
      { kind: 'internal-error', operations: ['CompleteMultipartUpload'], times: 2 },
      { kind: 'lost-response', operations: ['UploadPart'], probability: 0.5 },
      { kind: 'cut-request', operations: ['CreateMultipartUpload'], times: 2 },
    ])('survive %j', async (rule) => {
      const server = await serve()
      const store = open(server, { maxAttempts: 20 })
      server.faults.add(rule)
      const content = numbered(17 * MiB)
      await upload(store, 'big', content)
      expect(server.faults.counts.get(rule.kind)).toBeGreaterThan(0)
      expect(same(await store.get('big'), content)).toBe(true)
    })

    it('that fail or are given up leave nothing', async () => {
      const server = await serve()
      const store = open(server, { maxAttempts: 2, partBytes: 5 * MiB })
      const given = await store.writer('given-up')
      await given.write(numbered(12 * MiB))
      await given.abort()
      server.faults.add({ kind: 'internal-error', operations: ['UploadPart'] })
      await expect(upload(store, 'failed', numbered(40 * MiB))).rejects.toMatchObject({ code: 'DW-STORAGE-0005' })
      expect(server.buckets.get('lake')!.uploads.size).toBe(0)
      expect(await store.list('')).toEqual([])
    })

    it('of a writer that died are swept once they are old', async () => {
      const server = await serve()
      const store = open(server, { partBytes: 5 * MiB }, 's3://lake/a')
      const dead = await store.writer('t/dead')
      await dead.write(numbered(12 * MiB))
      while (server.buckets.get('lake')!.uploads.size === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await open(server).put('a/t/.tmp-probe-x', bytes('1'), 'overwrite')
      expect(await store.sweep('t', 3_600_000)).toBe(0)
      expect(await store.sweep('elsewhere', -2000)).toBe(0)
      expect(await store.sweep('t', -2000)).toBe(2)
      expect(server.buckets.get('lake')!.uploads.size).toBe(0)
    })

    it('of a large object are conditional too', async () => {
      const server = await serve()
      const store = open(server)
      const content = numbered(33 * MiB)
      server.faults.add({ kind: 'lost-response', operations: ['CompleteMultipartUpload'], times: 1 })
      expect(await store.put('big', content, 'create')).toBe('written')
      expect(await store.put('big', content.subarray(0, 33 * MiB - 1), 'create')).toBe('exists')
      expect((await store.head('big')).sizeBytes).toBe(33 * MiB)
      expect(server.buckets.get('lake')!.uploads.size).toBe(0)
    })
  })

  it('reads ahead of a reader that goes from front to back, and reads no byte twice', async () => {
    const server = await serve({ latencyMs: 3 })
    const store = open(server)
    const content = numbered(21 * MiB + 12_345)
    await store.put('a', content, 'overwrite')
    const before = server.requests.length
    const read = new Uint8Array(content.byteLength + 100)
    let at = 0
    const sizes = [MiB, 3 * MiB, 5 * MiB, 1000, 4 * MiB]
    for (let i = 0; ; i++) {
      const size = sizes[i % sizes.length]!
      const count = await store.getInto('a', at, read.subarray(at, at + size))
      at += count
      if (count < Math.min(size, read.byteLength - (at - count))) break
    }
    expect(at).toBe(content.byteLength)
    expect(same(read.subarray(0, at), content)).toBe(true)
    const asked = server.requests
      .slice(before)
      .map(({ headers }) => /=(\d+)-(\d+)/.exec(headers['range']!)!.slice(1).map(Number))
    const total = asked.reduce(
      (sum, [first, last]) => sum + Math.max(0, Math.min(content.byteLength, last! + 1) - first!),
      0,
    )
    expect(total).toBe(content.byteLength)
  })

  it('goes on for a reader whose bodies break off, and one that was long away; one that never comes back holds nothing', async () => {
    const server = await serve()
    const store = open(server)
    const content = numbered(24 * MiB)
    await store.put('a', content, 'overwrite')
    const read = new Uint8Array(content.byteLength)
    let at = 0
    const readOn = async (until: number): Promise<void> => {
      while (at < until) at += await store.getInto('a', at, read.subarray(at, Math.min(until, at + MiB)))
    }
    await readOn(3 * MiB)
    server.faults.add({ kind: 'cut-body', operations: ['GetObject'], times: 2 })
    server.faults.add({ kind: 'internal-error', operations: ['GetObject'], skip: 2, times: 1 })
    await readOn(14 * MiB)
    expect(server.faults.counts.get('cut-body')).toBe(2)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    await readOn(20 * MiB)
    expect(same(read.subarray(0, at), content.subarray(0, at))).toBe(true)
    // What is left waits for nobody: the next versions are read as they are.
    await store.put(
      'a',
      content.subarray(0, 21 * MiB).map((byte) => byte ^ 1),
      'overwrite',
    )
    expect(await store.getInto('a', 20 * MiB, read.subarray(0, 2 * MiB))).toBe(MiB)
    expect(read[0]).toBe(content[20 * MiB]! ^ 1)
  })

  it('serves several readers of one object at once', async () => {
    const server = await serve({ latencyMs: 2 })
    const store = open(server)
    const content = numbered(19 * MiB + 77)
    await store.put('a', content, 'overwrite')
    const readAll = async (): Promise<Uint8Array> => {
      const read = new Uint8Array(content.byteLength)
      for (let at = 0; at < read.byteLength;) at += await store.getInto('a', at, read.subarray(at, at + MiB))
      return read
    }
    for (const read of await Promise.all([readAll(), readAll(), readAll()])) expect(same(read, content)).toBe(true)
  })

  it('lists many pages, and deletes in batches', async () => {
    const server = await serve()
    const store = open(server, {}, 's3://lake/deep')
    const bucket = server.buckets.get('lake')!
    const none = { ifMatch: undefined, ifNoneMatch: undefined }
    for (let i = 0; i < 2500; i++) bucket.put(`deep/t/${i}`, Buffer.from('x'), {}, none)
    for (const odd of ['deep/t/', 'deep/t//x', 'deep/t/.tmp-1', 'deeper/x', 'deep/u'])
      bucket.put(odd, Buffer.from('x'), {}, none)
    const found = await store.list('t')
    expect(found).toHaveLength(2500)
    expect(count(server, 'ListObjectsV2')).toBe(3)
    await store.delete(found.map((meta) => meta.path))
    expect(count(server, 'DeleteObjects')).toBe(3)
    expect((await store.list('')).map((meta) => meta.path)).toEqual(['u'])
  })

  it('encrypts, says who pays, and sizes its pool as told', async () => {
    const server = await serve({ requesterPays: ['lake'] })
    await expect(open(server).get('a')).rejects.toMatchObject({ code: 'DW-STORAGE-0003' })
    await expect(open(server).put('a', bytes('1'), 'overwrite')).rejects.toMatchObject({ code: 'DW-STORAGE-0002' })
    const store = open(server, { requesterPays: true, encryption: 'aws:kms', kmsKeyId: 'key-1', connections: 3 })
    await store.put('a', bytes('1'), 'create')
    const writer = await store.writer('big')
    await writer.write(numbered(9 * MiB))
    await writer.close()
    await store.copy('a', 'b')
    const before = server.requests.length
    await Promise.all(Array.from({ length: 20 }, () => store.get('a')))
    expect(server.requests.length - before).toBe(20)
    for (const key of ['a', 'b', 'big']) {
      expect(server.buckets.get('lake')!.get(key).headers).toMatchObject({
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
      })
    }
    const plain = open(server, { requesterPays: true, encryption: 'AES256' })
    await plain.put('c', bytes('1'), 'overwrite')
    expect(server.buckets.get('lake')!.get('c').headers['x-amz-server-side-encryption']).toBe('AES256')
  })

  it('M-111: signs with the credentials of the chain, or of a role that it assumes', async () => {
    const server = await serve({ credentials: [{ accessKeyId: 'test', secretAccessKey: 'test12345' }] })
    const direct = open(server)
    await direct.put('odd/é x+y=1%2&(1)!.json', bytes('1'), 'create')
    expect(text(await direct.get('odd/é x+y=1%2&(1)!.json'))).toBe('1')
    await direct.copy('odd/é x+y=1%2&(1)!.json', 'copy ü?#')
    expect((await direct.list('')).map((meta) => meta.path)).toEqual(['copy ü?#', 'odd/é x+y=1%2&(1)!.json'])

    const role = open(server, { roleArn: 'arn:aws:iam::000000000000:role/reader', stsEndpoint: server.endpoint })
    expect(text(await role.get('copy ü?#'))).toBe('1')
    expect(count(server, 'AssumeRole')).toBe(1)
    const { headers } = server.requests.at(-1)!
    expect(headers['x-amz-security-token']).toMatch(/^token-/)
    expect(headers['authorization']).toContain('Credential=ASIA')

    const other = await serve({ credentials: [{ accessKeyId: 'other', secretAccessKey: 'x' }] })
    await expect(open(other).list('')).rejects.toMatchObject({ code: 'DW-STORAGE-0013', fault: 'usage' })
    await expect(open(server, {}, 's3://nowhere').list('')).rejects.toMatchObject({ code: 'DW-STORAGE-0011' })
  })
})
