import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { S3Local } from '@deltaworks/s3-local'
import { freePort } from './free-port.js'
import { lastLine, PythonEnvironment, run } from './python.js'

/** A server that others wrote, running. */
export interface RunningServer {
  readonly endpoint: string
  stop(): Promise<void>
}

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
      const program = join(tools, 'bin', 'versitygw')
      if (!existsSync(program)) {
        const built = await run('go', ['install', 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'], {
          ...process.env,
          GOBIN: join(tools, 'bin'),
        })
        if (built.code !== 0) return `it could not be built: ${lastLine(built.stderr)}`
      }
      const port = await freePort()
      const environment = { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey }
      return started(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', folder], port, environment)
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
      return started(python.program('moto_server'), ['-H', '127.0.0.1', '-p', String(port)], port, process.env)
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
      const home = join(tools, 's3rver')
      const program = join(home, 'node_modules', '.bin', 's3rver')
      if (!existsSync(program)) {
        mkdirSync(home, { recursive: true })
        const args = ['install', '--prefix', home, '--no-audit', '--no-fund', '--ignore-scripts', 's3rver@3.7.1']
        const installed = await run('npm', args)
        if (installed.code !== 0) return `it could not be installed: ${lastLine(installed.stderr)}`
      }
      const port = await freePort()
      return started(program, ['-d', folder, '-a', '127.0.0.1', '-p', String(port)], port, process.env)
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

async function started(
  program: string,
  args: readonly string[],
  port: number,
  environment: NodeJS.ProcessEnv,
): Promise<RunningServer | string> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: environment })
  let stderr = ''
  child.stderr.on('data', (data: Buffer) => (stderr = `${stderr}${data.toString()}`.slice(-4000)))
  let ended = false
  child.once('error', (error) => ((ended = true), (stderr += error.message)))
  child.once('exit', () => (ended = true))
  const endpoint = `http://127.0.0.1:${port}`
  for (let waited = 0; waited < 60_000 && !ended; waited += 100) {
    if (await answers(endpoint)) return { endpoint, stop: () => stopped(child) }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await stopped(child)
  return `it did not start: ${lastLine(stderr)}`
}

const answers = (endpoint: string): Promise<boolean> =>
  fetch(endpoint).then(
    () => true,
    () => false,
  )

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}
