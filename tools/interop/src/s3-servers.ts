import { join } from 'node:path'
import { S3Local } from '@deltaworks/s3-local'
import { freePort } from './free-port.js'
import { PythonEnvironment } from './python.js'
import { goProgram, npmProgram, startProgram, type RunningServer } from './running-server.js'

export interface S3Server {
  readonly name: string
  /** Whether it keeps the promise that commits rest on; one that does not must be refused. */
  readonly keepsConditions: boolean
  /** Keys that it knows, if it cannot be told ours. */
  readonly keys?: readonly [id: string, secret: string]
  /** @param folder an empty one for its objects @returns why it cannot be had, or the server */
  start(tools: string, folder: string): Promise<RunningServer | string>
}

export const accessKey = 'test'
export const secretKey = 'test12345'

export const servers: readonly S3Server[] = [
  {
    name: 's3-local',
    keepsConditions: true,
    start: async () => startLocal(false),
  },
  {
    name: 'versitygw',
    keepsConditions: true,
    start: async (tools, folder) => {
      const program = await goProgram(tools, 'github.com/versity/versitygw/cmd/versitygw', 'v1.8.0')
      if (typeof program === 'string') return program
      const port = await freePort()
      const environment = { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey }
      return startProgram(program.path, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', folder], port, environment)
    },
  },
  {
    name: 'moto',
    keepsConditions: true,
    start: async (tools) => {
      const python = new PythonEnvironment(join(tools, 'moto-venv'))
      const failure = await python.install(['moto[server]==5.2.*'])
      if (failure !== null) return `it could not be installed: ${failure}`
      const port = await freePort()
      return startProgram(python.program('moto_server'), ['-H', '127.0.0.1', '-p', String(port)], port)
    },
  },
  {
    name: 's3-local without conditions',
    keepsConditions: false,
    start: async () => startLocal(true),
  },
  {
    name: 's3rver',
    keepsConditions: false,
    keys: ['S3RVER', 'S3RVER'],
    start: async (tools, folder) => {
      const program = await npmProgram(tools, 's3rver', '3.7.1', 's3rver')
      if (typeof program === 'string') return program
      const port = await freePort()
      return startProgram(program.path, ['-d', folder, '-a', '127.0.0.1', '-p', String(port)], port)
    },
  },
]

async function startLocal(ignoreConditions: boolean): Promise<RunningServer> {
  const server = await S3Local.start({
    ignoreConditions,
    credentials: [{ accessKeyId: accessKey, secretAccessKey: secretKey }],
  })
  return { endpoint: server.endpoint, stop: () => server.stop() }
}
