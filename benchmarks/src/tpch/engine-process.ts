import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { EngineAnswer, EngineRequest } from './engines/serve-queries.js'

export const engineNames = ['deltaworks', 'duckdb', 'polars', 'spark'] as const
export type EngineName = (typeof engineNames)[number]

export interface EngineCommand {
  readonly name: EngineName
  /** For `polars` and `spark`. */
  readonly python: string
  /** Options of Node, for `deltaworks` and `duckdb`. */
  readonly nodeOptions: readonly string[]
}

/** An engine in a process of its own, so that its memory and its processor time are its own. */
export class EngineProcess {
  readonly name: EngineName
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  private constructor(name: EngineName, child: ChildProcess) {
    this.name = name
    this.#child = child
    this.#reader = createInterface({ input: child.stdout! })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  /** @throws Error if the engine does not start */
  static async start({ name, python, nodeOptions }: EngineCommand, request: EngineRequest): Promise<EngineProcess> {
    const json = JSON.stringify(request)
    const [command, args] =
      name === 'polars' || name === 'spark'
        ? [python, [fileURLToPath(new URL('../../peers/tpch_peer.py', import.meta.url)), json, name]]
        : [process.execPath, [...nodeOptions, fileURLToPath(new URL(`engines/${name}.js`, import.meta.url)), json]]
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', name === 'spark' ? 'ignore' : 'inherit'] })
    child.on('error', () => undefined)
    const engine = new EngineProcess(name, child)
    const first = await engine.#lines.next()
    if (first.done === true) throw new Error(`${name} did not start`)
    return engine
  }

  async #ask(query: string, analyze: boolean): Promise<EngineAnswer> {
    this.#child.stdin!.write(`${JSON.stringify({ query, analyze })}\n`)
    const line = await this.#lines.next()
    return line.done === true ? { error: `${this.name} ended` } : (JSON.parse(line.value) as EngineAnswer)
  }

  run(query: string): Promise<EngineAnswer> {
    return this.#ask(query, false)
  }

  async analyze(query: string): Promise<string> {
    const answer = await this.#ask(query, true)
    return 'error' in answer ? answer.error : (answer.analysis ?? '')
  }

  /** The most memory that the process and its children held since `forgetPeak`, MiB; 0 where the system does not tell. */
  peakMb(): number {
    return familyOf(this.#child.pid!).reduce((sum, pid) => sum + highWaterMb(pid), 0)
  }

  forgetPeak(): void {
    for (const pid of familyOf(this.#child.pid!)) {
      try {
        writeFileSync(`/proc/${pid}/clear_refs`, '5')
      } catch {
        // Not Linux, or not allowed: the peak is that of the whole life then.
      }
    }
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.stdin!.end()
    await ended
    this.#reader.close()
  }
}

function familyOf(pid: number): readonly number[] {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return [pid]
  const children = readdirSync(tasks).flatMap((task) => {
    try {
      return readFileSync(`${tasks}/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  })
  return [pid, ...children.flatMap(familyOf)]
}

function highWaterMb(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}
