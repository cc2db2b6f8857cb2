import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it } from '@jest/globals'
import { S3Local, type S3LocalOptions } from './server.js'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const Bucket = 'lake'
const MiB = 1024 * 1024

describe('D-88: s3-local', () => {
  const ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })
  const clientOf = (endpoint: string, secretAccessKey = 'test12345'): S3Client => {
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'test', secretAccessKey },
      maxAttempts: 1,
    })
    ends.push(() => client.destroy())
    return client
  }
  const serve = async (options: S3LocalOptions = {}) => {
    const server = await S3Local.start({ buckets: [Bucket], ...options })
    ends.push(() => server.stop())
    return { server, client: clientOf(server.endpoint) }
  }
  /** The status of an answer. */
  const status = (sent: Promise<{ $metadata: { httpStatusCode?: number } }>): Promise<number | string> =>
    sent.then(
      (answer) => answer.$metadata.httpStatusCode!,
      (error: { name: string; $metadata?: { httpStatusCode?: number } }) =>
        error.$metadata?.httpStatusCode ?? error.name,
    )

  it('keeps the conditions of writes, also of uploads', async () => {
    const { client } = await serve()
    const put = (Key: string, Body: string, more = {}) =>
      status(client.send(new PutObjectCommand({ Bucket, Key, Body, ...more })))
    expect(await put('k', 'a', { IfNoneMatch: '*' })).toBe(200)
    expect(await put('k', 'b', { IfNoneMatch: '*' })).toBe(412)
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }))
    expect(await put('k', 'c', { IfMatch: ETag })).toBe(200)
    expect(await put('k', 'd', { IfMatch: ETag })).toBe(412)
    expect(await put('none', 'd', { IfMatch: ETag })).toBe(404)
    const upload = async (): Promise<number | string> => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'm' }))
      const Parts = []
      for (const [PartNumber, size] of [
        [1, 5 * MiB],
        [2, 1000],
      ] as const) {
        const part = { Bucket, Key: 'm', UploadId, PartNumber, Body: Buffer.alloc(size, PartNumber) }
        Parts.push({ PartNumber, ETag: (await client.send(new UploadPartCommand(part))).ETag })
      }
      const done = { Bucket, Key: 'm', UploadId, MultipartUpload: { Parts }, IfNoneMatch: '*' }
      return status(client.send(new CompleteMultipartUploadCommand(done)))
    }
    expect([await upload(), await upload()]).toEqual([200, 412])
    const { ContentLength, ETag: tag } = await client.send(new HeadObjectCommand({ Bucket, Key: 'm' }))
    expect([ContentLength, tag]).toEqual([5 * MiB + 1000, expect.stringMatching(/^"[0-9a-f]{32}-2"$/)])
  })

  it('has one winner in every race, with its bytes whole', async () => {
    const { server, client } = await serve()
    const clients = Array.from({ length: 8 }, () => clientOf(server.endpoint))
    for (let round = 0; round < 20; round++) {
      const Key = `race/${round}`
      const race = (condition: object) =>
        Promise.all(
          clients.map((each, i) =>
            status(each.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(100_000, i), ...condition }))),
          ),
        )
      const created = await race({ IfNoneMatch: '*' })
      expect([...created].sort()).toEqual([200, ...Array.from({ length: 7 }, () => 412)])
      const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket, Key }))
      const content = Buffer.from(await Body!.transformToByteArray())
      expect(content.equals(Buffer.alloc(100_000, created.indexOf(200)))).toBe(true)
      // Different bodies, so that no winner's entity tag is the one compared with.
      await client.send(new PutObjectCommand({ Bucket, Key, Body: `next ${round}`, IfMatch: ETag }))
      const { ETag: next } = await client.send(new HeadObjectCommand({ Bucket, Key }))
      expect((await race({ IfMatch: next })).filter((code) => code === 200)).toHaveLength(1)
    }
  })

  it('lists in pages, with and without a delimiter', async () => {
    const { server, client } = await serve()
    const bucket = server.buckets.get(Bucket)!
    const keys = ['a', 'p/1/x', 'p/1/y', 'p/2/x', 'p/é', 'p/z', 'q']
    for (const key of keys) bucket.put(key, Buffer.from('1'), {}, { ifMatch: undefined, ifNoneMatch: undefined })
    const all = async (query: object) => {
      const found: string[] = []
      let ContinuationToken: string | undefined
      do {
        const request = new ListObjectsV2Command({ Bucket, MaxKeys: 1, ...query, ContinuationToken })
        const page = await client.send(request)
        expect(page.KeyCount).toBe(1)
        found.push(
          ...(page.Contents ?? []).map(({ Key }) => Key!),
          ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!),
        )
        ContinuationToken = page.NextContinuationToken
      } while (ContinuationToken !== undefined)
      return found
    }
    expect(await all({})).toEqual(['a', 'p/1/x', 'p/1/y', 'p/2/x', 'p/z', 'p/é', 'q'])
    expect(await all({ Delimiter: '/' })).toEqual(['a', 'p/', 'q'])
    expect(await all({ Prefix: 'p/', Delimiter: '/' })).toEqual(['p/1/', 'p/2/', 'p/z', 'p/é'])
    expect(await all({ StartAfter: 'p/1/x' })).toEqual(['p/1/y', 'p/2/x', 'p/z', 'p/é', 'q'])
    expect(await all({ Prefix: 'p/', Delimiter: '/', StartAfter: 'p/1/x' })).toEqual(['p/1/', 'p/2/', 'p/z', 'p/é'])
  })

  it('answers ranges as asked', async () => {
    const { client } = await serve()
    await client.send(new PutObjectCommand({ Bucket, Key: 'r', Body: '0123456789' }))
    const get = async (Range: string) => {
      const { Body, ContentRange } = await client.send(new GetObjectCommand({ Bucket, Key: 'r', Range }))
      return [await Body!.transformToString(), ContentRange]
    }
    expect(await get('bytes=2-4')).toEqual(['234', 'bytes 2-4/10'])
    expect(await get('bytes=-3')).toEqual(['789', 'bytes 7-9/10'])
    expect(await get('bytes=8-99')).toEqual(['89', 'bytes 8-9/10'])
    expect(await status(client.send(new GetObjectCommand({ Bucket, Key: 'r', Range: 'bytes=50-60' })))).toBe(416)
  })

  it('refuses what is not signed by its credentials, and bodies that are not what was signed or summed', async () => {
    const { server, client } = await serve({ credentials: [{ accessKeyId: 'test', secretAccessKey: 'test12345' }] })
    const put = (by: S3Client, more = {}) =>
      status(by.send(new PutObjectCommand({ Bucket, Key: 'a b+ü', Body: 'x', ...more })))
    expect(await put(client)).toBe(200)
    expect(await put(clientOf(server.endpoint, 'wrong'))).toBe(403)
    expect(await put(client, { ChecksumCRC32: 'AAAAAA==' })).toBe(400)
    expect(await put(client, { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })).toBe(400)
    expect((await fetch(`${server.endpoint}/${Bucket}?list-type=2`)).status).toBe(403)
  })

  it('fails as its rules say, and the same seed fails alike', async () => {
    const outcomes = async (): Promise<(number | string)[]> => {
      const { server, client } = await serve({ seed: 5 })
      server.faults.add({ kind: 'slow-down', operations: ['PutObject'], key: '^a', probability: 0.5 })
      server.faults.add({ kind: 'lost-response', operations: ['PutObject'], key: '^b', skip: 5, times: 1 })
      const found = []
      for (let i = 0; i < 12; i++) {
        found.push(
          await status(client.send(new PutObjectCommand({ Bucket, Key: i % 2 === 0 ? `a${i}` : `b${i}`, Body: 'x' }))),
        )
      }
      return found
    }
    const first = await outcomes()
    expect(first.filter((_, i) => i % 2 === 1 && i < 10)).toEqual([200, 200, 200, 200, 200])
    expect(first.filter((code) => code === 503).length).toBeGreaterThan(0)
    expect(first.filter((code) => typeof code === 'string')).toHaveLength(1)
    expect(await outcomes()).toEqual(first)
  })

  it('runs as a program', async () => {
    const bin = fileURLToPath(new URL('../bin/s3-local.cjs', import.meta.url))
    const child = spawn(process.execPath, [bin, '--port', '0', '--bucket', 'one', '--credentials', 'test:test12345'])
    ends.push(() => child.kill())
    const endpoint = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim())),
    )
    const client = clientOf(endpoint)
    expect(await status(client.send(new CreateBucketCommand({ Bucket: 'two' })))).toBe(200)
    expect(await status(client.send(new CreateBucketCommand({ Bucket: 'one' })))).toBe(409)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})
