import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The Python environment under `.tools`, made when it is missing. */
export class PythonEnvironment {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  get #python(): string {
    return join(this.#root, 'bin', 'python')
  }

  /** @returns null, or why the packages could not be installed */
  async install(packages: readonly string[]): Promise<string | null> {
    if (!existsSync(this.#python)) {
      const made = await run('python3', ['-m', 'venv', this.#root])
      if (made.code !== 0) return lastLine(made.stderr)
    }
    const missing: string[] = []
    for (const name of packages) {
      const plain = name.replace(/[=<>[].*$/, '')
      const shown = await run(this.#python, ['-m', 'pip', '--disable-pip-version-check', 'show', '-q', plain])
      if (shown.code !== 0) missing.push(name)
    }
    if (missing.length === 0) return null
    const installed = await run(this.#python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...missing])
    return installed.code === 0 ? null : lastLine(installed.stderr)
  }

  /** Path of a program that an installed package brings. */
  program(name: string): string {
    return join(this.#root, 'bin', name)
  }

  /** Runs a script; its standard output is one JSON object a line. */
  async script(file: string, args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const { stdout, stderr, code } = await run(this.#python, [file, ...args])
    const answers = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    if (code !== 0) answers.push({ unavailable: `${file} ended with ${code}: ${lastLine(stderr)}` })
    return answers
  }
}

export const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export function run(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
  })
}
