import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { lastLine, run } from './python.js'

/** A server that others wrote, running. */
export interface RunningServer {
  readonly endpoint: string
  stop(): Promise<void>
}

/** A program of an npm package, installed below `tools` when it is missing. @returns why it cannot be had, or its path */
export async function npmProgram(
  tools: string,
  name: string,
  version: string,
  program: string,
): Promise<{ readonly path: string } | string> {
  const home = join(tools, `${name}-${version}`)
  const path = join(home, 'node_modules', '.bin', program)
  if (!existsSync(path)) {
    mkdirSync(home, { recursive: true })
    const args = ['install', '--prefix', home, '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`]
    const installed = await run('npm', args)
    if (installed.code !== 0) return `it could not be installed: ${lastLine(installed.stderr)}`
  }
  return { path }
}

/** A program of a Go module, built into `tools/bin-VERSION` when it is missing. @returns why it cannot be had, or its path */
export async function goProgram(
  tools: string,
  module: string,
  version: string,
): Promise<{ readonly path: string } | string> {
  const home = join(tools, `bin-${version}`)
  const path = join(home, module.split('/').at(-1)!)
  if (!existsSync(path)) {
    const built = await run('go', ['install', `${module}@${version}`], { ...process.env, GOBIN: home })
    if (built.code !== 0) return `it could not be built: ${lastLine(built.stderr)}`
  }
  return { path }
}

/** A program of a Go module of ours, built into `tools`; Go's cache knows what is there already. @returns as `goProgram` */
export async function ownGoProgram(
  tools: string,
  source: string,
  name: string,
): Promise<{ readonly path: string } | string> {
  const path = join(tools, 'bin', name)
  const built = await run('go', ['build', '-C', source, '-o', path, '.'])
  return built.code === 0 ? { path } : `it could not be built: ${lastLine(built.stderr)}`
}

/** Starts a program that listens on a port of the loopback address. @returns why it did not answer, or the server */
export async function startProgram(
  program: string,
  args: readonly string[],
  port: number,
  environment: NodeJS.ProcessEnv = process.env,
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
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}
