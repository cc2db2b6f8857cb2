import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lastLine, run } from './python.js'

export interface DockerfileStep {
  readonly instruction: string
  readonly text: string
}

/** The instructions of a Dockerfile, continued lines put together, comments left out. */
export const dockerfileSteps = (text: string): readonly DockerfileStep[] =>
  text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, instruction, rest] = /^\s*(\w+)\s+(.*)$/.exec(line)!
      return { instruction: instruction!.toUpperCase(), text: rest!.trim() }
    })

/** Where steps are done: absolute paths of the image are paths below a folder, one a stage. */
interface Place {
  readonly folder: string
  readonly context: string
}

/** Paths of the image; those of the system's programs are the machine's own. */
const imagePaths = /(?<![\w./$-])\/(build|opt|usr\/local\/bin|home)(?=[/\s"';$]|$)/g

/**
 * Does the steps one after the other. Accounts are not made (`useradd`): that is the machine's own business.
 * @returns the step that failed, or null
 */
export async function executeSteps(
  steps: readonly DockerfileStep[],
  { folder, context }: Place,
): Promise<string | null> {
  const stages = new Map<string, string>()
  let root = folder
  let workdir = '/'
  const inImage = (path: string, stage = root): string => join(stage, path.startsWith('/') ? path : join(workdir, path))
  for (const step of steps) {
    const failure = await execute(step)
    if (failure !== null) return `${step.instruction} ${step.text.slice(0, 80)}: ${failure}`
  }
  return null

  async function execute({ instruction, text }: DockerfileStep): Promise<string | null> {
    switch (instruction) {
      case 'FROM': {
        const name = / as (\S+)$/i.exec(text)?.[1] ?? String(stages.size)
        root = join(folder, `stage-${stages.size}`)
        stages.set(name, root)
        workdir = '/'
        // The base image's Node is this process's.
        mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
        symlinkSync(process.execPath, join(root, 'usr/local/bin/node'))
        return null
      }
      case 'WORKDIR':
        workdir = text.startsWith('/') ? text : join(workdir, text)
        mkdirSync(inImage('.'), { recursive: true })
        return null
      case 'COPY': {
        const from = /^--from=(\S+)\s+/.exec(text)
        const [source, target] = text.slice(from?.[0].length ?? 0).split(/\s+/) as [string, string]
        const origin = from === null ? join(context, source) : join(stages.get(from[1]!)!, source)
        mkdirSync(dirname(inImage(target)), { recursive: true })
        const whole = source === '.' ? `${origin}/.` : origin
        return outcome(await run('cp', ['-a', whole, target.endsWith('/') ? `${inImage(target)}/` : inImage(target)]))
      }
      case 'RUN': {
        const command = text.replaceAll(/&&\s*useradd [^&]*/g, '').replaceAll(imagePaths, (path) => `${root}${path}`)
        const script = `set -e; cd '${inImage('.')}'; ${command}`
        const env = { ...process.env, NX_DAEMON: 'false', CI: 'true' }
        return outcome(await run('sh', ['-c', script], env))
      }
      default:
        return null
    }
  }
}

const outcome = ({
  code,
  stdout,
  stderr,
}: {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}): string | null => (code === 0 ? null : `ended with ${code}: ${lastLine(stderr) || lastLine(stdout)}`)
