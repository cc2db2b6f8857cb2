import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** One step of a run, with the most memory that the process held while it ran. */
export interface Stage {
  readonly step: string
  readonly seconds: number
  /** Since the run's start. */
  readonly endSeconds: number
  readonly rowsIn: number
  readonly rowsOut: number
  readonly peakMb: number
  /** Of the process since the run's start, until the step's end; 0 where there is no /proc. */
  readonly endCpuSeconds: number
}

interface ReportedStep {
  readonly step: string
  readonly startMs: number
  readonly endMs: number
  readonly rowsIn: number
  readonly rowsOut: number
}

const sampledEveryMs = 20

/**
 * Runs `deltaworks-batch run --json` and samples the resident set of its process, which is 0 where there is no /proc.
 * Steps that run side by side share what they hold.
 */
export async function stagesOf(batch: string, landing: string, lake: string): Promise<readonly Stage[]> {
  const child = spawn('node', [batch, 'run', '--landing', landing, '--root', lake, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const samples: { readonly atMs: number; readonly mb: number; readonly cpuSeconds: number }[] = []
  const folder = `/proc/${child.pid}`
  const timer = setInterval(() => {
    if (!existsSync(folder)) return
    const mb = residentMb(readFileSync(`${folder}/status`, 'utf8'))
    samples.push({ atMs: Date.now(), mb, cpuSeconds: cpuSecondsOf(child.pid!) })
  }, sampledEveryMs)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`deltaworks-batch run ended with ${code}`)
  const report = JSON.parse(output) as { readonly startedMs: number; readonly steps: readonly ReportedStep[] }
  return report.steps.map(({ step, startMs, endMs, rowsIn, rowsOut }) => ({
    step,
    seconds: (endMs - startMs) / 1000,
    endSeconds: endMs / 1000,
    rowsIn,
    rowsOut,
    peakMb: samples.reduce(
      (peak, { atMs, mb }) =>
        atMs >= report.startedMs + startMs - sampledEveryMs && atMs <= report.startedMs + endMs + sampledEveryMs
          ? Math.max(peak, mb)
          : peak,
      0,
    ),
    endCpuSeconds: samples.find(({ atMs }) => atMs >= report.startedMs + endMs)?.cpuSeconds ?? 0,
  }))
}

const residentMb = (status: string): number => Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024

/** CPU time of all threads of a process, user and system; 0 where there is no /proc. */
export function cpuSecondsOf(processId: number): number {
  const path = `/proc/${processId}/stat`
  if (!existsSync(path)) return 0
  const stat = readFileSync(path, 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) / ticksPerSecond
}

const ticksPerSecond = 100
