import { join } from 'node:path'
import { S3Local } from '@deltaworks/s3-local'
import type { RunningStore, StoreServer } from './check-servers.js'
import { freePort } from './free-port.js'
import { PythonEnvironment } from './python.js'
import { goProgram, npmProgram, startProgram, type RunningServer } from './running-server.js'

type Keys = readonly [id: string, secret: string]

const keys: Keys = ['test', 'test12345']
const region = 'us-east-1'

export const s3Servers: readonly StoreServer[] = [
  {
    name: 's3-local',
    scheme: 's3',
    keepsConditions: true,
    start: async () => startLocal(false),
  },
  {
    name: 'versitygw',
    scheme: 's3',
    keepsConditions: true,
    start: async (tools, folder) => {
      const program = await goProgram(tools, 'github.com/versity/versitygw/cmd/versitygw', 'v1.8.0')
      if (typeof program === 'string') return program
      const port = await freePort()
      const environment = { ...process.env, ROOT_ACCESS_KEY: keys[0], ROOT_SECRET_KEY: keys[1] }
      const args = ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', folder]
      return asStore(await startProgram(program.path, args, port, environment))
    },
  },
  {
    name: 'moto',
    scheme: 's3',
    keepsConditions: true,
    start: async (tools) => {
      const python = new PythonEnvironment(join(tools, 'moto-venv'))
      const failure = await python.install(['moto[server]==5.2.*'])
      if (failure !== null) return `it could not be installed: ${failure}`
      const port = await freePort()
      return asStore(await startProgram(python.program('moto_server'), ['-H', '127.0.0.1', '-p', String(port)], port))
    },
  },
  {
    name: 's3-local without conditions',
    scheme: 's3',
    keepsConditions: false,
    start: async () => startLocal(true),
  },
  {
    name: 's3rver',
    scheme: 's3',
    keepsConditions: false,
    start: async (tools, folder) => {
      const program = await npmProgram(tools, 's3rver', '3.7.1', 's3rver')
      if (typeof program === 'string') return program
      const port = await freePort()
      const args = ['-d', folder, '-a', '127.0.0.1', '-p', String(port)]
      // Keys that it knows: it cannot be told ours.
      return asStore(await startProgram(program.path, args, port), ['S3RVER', 'S3RVER'])
    },
  },
]

async function startLocal(ignoreConditions: boolean): Promise<RunningStore | string> {
  const [accessKeyId, secretAccessKey] = keys
  const server = await S3Local.start({ ignoreConditions, credentials: [{ accessKeyId, secretAccessKey }] })
  return asStore({ endpoint: server.endpoint, stop: () => server.stop() })
}

function asStore(running: RunningServer | string, [id, secret]: Keys = keys): RunningStore | string {
  if (typeof running === 'string') return running
  const { endpoint, stop } = running
  const credentials = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret }
  return {
    endpoint,
    stop,
    environment: {
      ...credentials,
      DELTAWORKS_S3_ENDPOINT: endpoint,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
    deltaRs: {
      ...credentials,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ALLOW_HTTP: 'true',
      AWS_VIRTUAL_HOSTED_STYLE_REQUEST: 'false',
    },
    createBucket: async (Bucket) => {
      const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
      const client = new S3Client({ endpoint, region, forcePathStyle: true })
      await client.send(new CreateBucketCommand({ Bucket })).catch(() => undefined)
      client.destroy()
    },
  }
}
