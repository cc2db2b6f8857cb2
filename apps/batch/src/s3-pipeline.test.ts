import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { S3Local, type S3LocalOptions } from '@deltaworks/s3-local'
import { generateLanding } from '@deltaworks/sample-data'

const bin = fileURLToPath(new URL('../bin/deltaworks-batch.cjs', import.meta.url))
const noConditions = { ifMatch: undefined, ifNoneMatch: undefined }

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}
interface Report {
  readonly status: string
  readonly tables: readonly { readonly table: string; readonly rowCount: number | null; readonly version: number }[]
  readonly files: readonly { readonly path: string; readonly state: string }[]
}

describe('deltaworks-batch on S3', () => {
  let folder: string
  let expected: unknown
  const servers: S3Local[] = []

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-batch-s3-'))
    generateLanding({ out: join(folder, 'landing'), scale: 0.05 })
    const { stdout } = spawnSync(process.execPath, [bin, 'run', '--json', '--landing', 'landing', '--root', 'lake'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expected = rowCounts(JSON.parse(stdout) as Report)
  })
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const rowCounts = (report: Report): unknown => report.tables.map(({ table, rowCount }) => [table, rowCount])

  /** A server with the landing files in it. */
  const serve = async (options: S3LocalOptions = {}): Promise<S3Local> => {
    const server = await S3Local.start({ buckets: ['landing', 'lake'], seed: 3, ...options })
    servers.push(server)
    for (const name of readdirSync(join(folder, 'landing'))) {
      server.buckets.get('landing')!.put(`shop/${name}`, readFileSync(join(folder, 'landing', name)), {}, noConditions)
    }
    return server
  }

  const start = (server: S3Local, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      env: {
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test12345',
        DELTAWORKS_S3_ENDPOINT: server.endpoint,
        ...env,
      },
    })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()))
    const ended = new Promise<Ended>((resolve) => child.once('close', (status) => resolve({ status, ...output })))
    return { child, ended }
  }
  const places = ['--root', 's3://lake/dev', '--landing', 's3://landing/shop'] as const
  const run = (server: S3Local, ...more: readonly string[]) =>
    start(server, ['run', '--json', ...places, ...more]).ended
  const reportOf = ({ status, stdout, stderr }: Ended): Report => {
    expect([status, stderr]).toEqual([0, ''])
    return JSON.parse(stdout) as Report
  }
  const contentOf = (server: S3Local, bucket: string): string => {
    const hash = createHash('sha256')
    for (const { key, etag } of server.buckets
      .get(bucket)!
      .list({ prefix: '', delimiter: '', after: '', resumed: false, maxKeys: 1e6 }).objects) {
      hash.update(`${key} ${etag}\n`)
    }
    return hash.digest('hex')
  }

  it('D-88 M-001 M-007 M-011: landing and lake in S3 give the tables that a disk gives; a second run changes no object', async () => {
    const server = await serve()
    const landing = contentOf(server, 'landing')
    const first = reportOf(await run(server))
    expect(rowCounts(first)).toEqual(expected)
    expect(contentOf(server, 'landing')).toBe(landing)
    const lake = contentOf(server, 'lake')
    const again = reportOf(await run(server))
    expect([again.status, rowCounts(again)]).toEqual(['unchanged', expected])
    expect(contentOf(server, 'lake')).toBe(lake)
    expect(
      server.buckets
        .get('lake')!
        .list({ prefix: '', delimiter: '', after: '', resumed: false, maxKeys: 1e6 })
        .objects.filter(({ key }) => key.includes('.tmp-')),
    ).toEqual([])
  })

  it('D-88: a storage file says how each bucket is reached: landing and lake in stores of their own', async () => {
    const [one, two] = [
      await serve(),
      await serve({ credentials: [{ accessKeyId: 'test', secretAccessKey: 'test12345' }] }),
    ]
    const file = join(folder, 'storage.json')
    writeFileSync(
      file,
      JSON.stringify({
        s3: { endpoint: one.endpoint },
        buckets: {
          lake: {
            endpoint: two.endpoint,
            encryption: 'AES256',
            roleArn: 'arn:aws:iam::1:role/lake',
            stsEndpoint: two.endpoint,
          },
        },
      }),
    )
    const { ended } = start(one, ['run', '--json', ...places, '--storage', file], { DELTAWORKS_S3_ENDPOINT: '' })
    expect(rowCounts(reportOf(await ended))).toEqual(expected)
    expect(one.buckets.get('lake')!.size).toBe(0)
    const lake = two.requests.filter((request) => request.bucket === 'lake')
    expect(lake.length).toBeGreaterThan(50)
    expect(lake.every(({ headers }) => headers['x-amz-security-token'] !== undefined)).toBe(true)
    const puts = lake.filter((request) => request.operation === 'PutObject')
    expect(puts.every(({ headers }) => headers['x-amz-server-side-encryption'] === 'AES256')).toBe(true)
  })

  it('D-88 M-011 M-004: two runs at once, while requests fail in every way, lose nothing and double nothing', async () => {
    const server = await serve()
    server.faults.add(
      { kind: 'lost-response', operations: ['PutObject'], probability: 0.15 },
      { kind: 'slow-down', probability: 0.02 },
      { kind: 'cut-request', probability: 0.03 },
      { kind: 'cut-body', operations: ['GetObject', 'ListObjectsV2'], probability: 0.1 },
      { kind: 'slow-body', operations: ['GetObject'], probability: 0.05, delayMs: 20 },
      { kind: 'internal-error', probability: 0.02 },
    )
    const both = await Promise.all([run(server, '--threads', '2'), run(server, '--threads', '2')])
    for (const ended of both) expect([ended.status, ended.stderr]).toEqual([0, ''])
    for (const kind of ['lost-response', 'slow-down', 'cut-request', 'cut-body', 'internal-error'] as const) {
      expect(server.faults.counts.get(kind)).toBeGreaterThan(0)
    }
    server.faults.clear()
    const last = reportOf(await run(server))
    expect([last.status, rowCounts(last)]).toEqual(['unchanged', expected])
  })

  it('D-88 M-004: a run that is killed at any moment leaves a lake that the next run completes', async () => {
    for (const delay of [200, 350, 500, 650]) {
      const server = await serve()
      const { child, ended } = start(server, ['run', '--json', ...places])
      setTimeout(() => child.kill('SIGKILL'), delay)
      await ended
      expect(rowCounts(reportOf(await run(server)))).toEqual(expected)
      expect(reportOf(await run(server)).status).toBe('unchanged')
    }
  })

  it('D-88: a store that ignores If-None-Match is refused by name before the first commit', async () => {
    const server = await serve({ ignoreConditions: true })
    const { status, stdout, stderr } = await run(server)
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'DW-STORAGE-0012', fault: 'unsupported', message: expect.stringContaining(server.endpoint) },
    })
    const keys = server.buckets
      .get('lake')!
      .list({ prefix: '', delimiter: '', after: '', resumed: false, maxKeys: 1e6 })
    expect(keys.objects.filter(({ key }) => key.includes('_delta_log'))).toEqual([])
  })

  it.each<[string, readonly string[], Readonly<Record<string, string>>, RegExp]>([
    ['no such bucket', ['--root', 's3://lake/dev', '--landing', 's3://nowhere'], {}, /^DW-STORAGE-0011: .*nowhere/],
    [
      'no credentials',
      places,
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' },
      /^DW-STORAGE-0013: /,
    ],
    [
      'an option that is none',
      places,
      { DELTAWORKS_STORAGE: '{"s3":{"endpiont":"http://x"}}' },
      /^DW-STORAGE-0010: .*endpiont/,
    ],
    ['no storage file', [...places, '--storage', 'none.json'], {}, /^DW-STORAGE-0010: .*none\.json/],
    ['no name of a bucket', ['--root', 's3://L/x', '--landing', 'landing'], {}, /^DW-STORAGE-0007: /],
  ])('O-03 D-88: %s ends with 2 and one sentence', async (_, args, env, message) => {
    const server = await serve()
    const { status, stdout, stderr } = await start(server, ['run', ...args], env).ended
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^[^\n]+\n$/)
    expect([status, stdout]).toEqual([2, ''])
  })

  it('D-88: a run on a disk loads nothing of the SDK, one on S3 does', () => {
    const trace = join(folder, 'trace.cjs')
    writeFileSync(
      trace,
      `process.on('exit', () => console.log(String(Object.keys(require.cache).some((file) => /aws-sdk|smithy/.test(file)))))`,
    )
    const loaded = (root: string): string => {
      const args = ['--require', trace, bin, 'run', '--quiet', '--landing', 'landing', '--root', root]
      const env = { ...process.env, DELTAWORKS_S3_ENDPOINT: 'http://127.0.0.1:1', DELTAWORKS_S3_MAX_ATTEMPTS: '1' }
      return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env }).stdout.trim()
    }
    expect([loaded('lake'), loaded('s3://lake/x')]).toEqual(['false', 'true'])
  })
})
