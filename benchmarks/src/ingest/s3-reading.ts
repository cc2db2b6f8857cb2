import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { openStore } from '@deltaworks/storage'
import { commandLine } from '../command-line.js'
import { resultsFolder } from './measured-run.js'

/**
 * What a reader that goes through objects from front to back gets from S3, beside what the SDK alone pulls from the same server
 * with the same concurrency.
 *   node benchmarks/dist/ingest/s3-reading.js [--objects 8] [--mb 64] [--readers 4] [--rounds 5] [--endpoint URL --bucket NAME]
 * Without an endpoint, s3-local is started as a process of its own. With one, keys are taken from the environment.
 */
const { values: options } = commandLine({
  options: {
    objects: { type: 'string', default: '8' },
    mb: { type: 'string', default: '64' },
    readers: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    endpoint: { type: 'string' },
    bucket: { type: 'string', default: 'reading' },
  },
})
const MiB = 1024 * 1024
const [objects, sizeBytes] = [Number(options.objects), Number(options.mb) * MiB]
const [readers, rounds] = [Number(options.readers), Number(options.rounds)]
/** As readers of text files ask. */
const blockBytes = MiB
const keys = Array.from({ length: objects }, (_, i) => `object-${i}`)

async function startLocal(): Promise<{ readonly endpoint: string; readonly child: ChildProcess }> {
  const program = fileURLToPath(new URL('../../../tools/s3-local/bin/s3-local.cjs', import.meta.url))
  const child = spawn(process.execPath, [program, '--port', '0', '--bucket', options.bucket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const endpoint = await new Promise<string>((resolve) => {
    let text = ''
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString()
      const found = /http:\/\/[\w.:]+/.exec(text)
      if (found !== null) resolve(found[0])
    })
  })
  return { endpoint, child }
}

/** Each of so many readers takes the next object until there is none left. */
async function readAll(read: (key: string) => Promise<number>): Promise<number> {
  const waiting = [...keys]
  const taken = Array.from({ length: readers }, async () => {
    let bytes = 0
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) bytes += await read(key)
    return bytes
  })
  return (await Promise.all(taken)).reduce((a, b) => a + b, 0)
}

async function measured(read: (key: string) => Promise<number>): Promise<number> {
  const started = performance.now()
  const bytes = await readAll(read)
  if (bytes !== objects * sizeBytes) throw new Error(`read ${bytes} of ${objects * sizeBytes} bytes`)
  return bytes / MiB / ((performance.now() - started) / 1000)
}

const local = options.endpoint === undefined ? await startLocal() : null
const endpoint = options.endpoint ?? local!.endpoint
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
process.env['AWS_ACCESS_KEY_ID'] ??= 'test'
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test12345'
process.env['DELTAWORKS_S3_ENDPOINT'] = endpoint
const client = new S3Client({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  responseChecksumValidation: 'WHEN_REQUIRED',
  requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: readers * 4 }) },
})
const store = openStore(`s3://${options.bucket}/objects`)

async function drained(body: unknown): Promise<number> {
  let bytes = 0
  for await (const chunk of body as Readable) bytes += (chunk as Uint8Array).byteLength
  return bytes
}
const contenders: Readonly<Record<string, (key: string) => Promise<number>>> = {
  'the store, by blocks': async (key) => {
    const block = new Uint8Array(blockBytes)
    let at = 0
    for (let read = blockBytes; read === blockBytes; at += read) read = await store.getInto(key, at, block)
    return at
  },
  'the SDK, whole bodies': async (key) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: options.bucket, Key: `objects/${key}` }))
    return drained(Body)
  },
}

const results: Record<string, number[]> = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
try {
  const content = new Uint8Array(sizeBytes).map((_, i) => (i * 31) >>> 5)
  for (const key of keys) await store.put(key, content, 'overwrite')
  for (const read of Object.values(contenders)) await measured(read)
  for (let round = 0; round < rounds; round++) {
    for (const [name, read] of Object.entries(contenders)) results[name]!.push(await measured(read))
  }
  if (local === null) await store.delete(keys)
} finally {
  client.destroy()
  local?.child.kill()
}
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
const [ours, sdk] = Object.values(results).map(median) as [number, number]
for (const [name, rates] of Object.entries(results)) console.log(`${name}: ${median(rates).toFixed(0)} MiB/s`)
console.log(`share of what the SDK pulls: ${(ours / sdk).toFixed(2)}`)
mkdirSync(resultsFolder, { recursive: true })
const command = `node benchmarks/dist/ingest/s3-reading.js --objects ${objects} --mb ${options.mb} --readers ${readers} --rounds ${rounds}`
const server = local === null ? 'a server that was given' : 's3-local'
writeFileSync(
  join(resultsFolder, `s3-reading${local === null ? '-given' : ''}.json`),
  `${JSON.stringify({ command, server, mibPerSecond: results, share: ours / sdk }, null, 2)}\n`,
)
