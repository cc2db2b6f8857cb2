import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { formatDuration } from './figures.js'

/** What `deltaworks:step:start` and `deltaworks:step:finish` carry. */
interface StepMessage {
  readonly step: string
  readonly kind: string
  readonly index: number
  readonly count: number
  readonly durationMs?: number
  readonly rows?: number
}

export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface Progress {
  /** Wipes the line and unsubscribes. */
  stop(): void
}

const startChannel = 'deltaworks:step:start'
const finishChannel = 'deltaworks:step:finish'
const barWidth = 20

/** One line that is rewritten as steps begin and end; nothing at all unless the stream is a terminal. */
export function showProgress(stream: ProgressStream = process.stderr): Progress {
  if (stream.isTTY !== true) return { stop: () => undefined }
  const began = performance.now()
  let done = 0
  let current = ''
  let count = 0
  const draw = () => {
    const filled = count === 0 ? 0 : Math.round((Math.min(done, count) / count) * barWidth)
    const bar = `${'━'.repeat(filled)}${'─'.repeat(barWidth - filled)}`
    const text = `${bar} ${done}/${count} ${current} ${formatDuration(performance.now() - began)}`
    stream.write(`\r\u001b[2K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`)
  }
  const started = (message: unknown) => {
    const step = message as StepMessage
    count = Math.max(count, step.count)
    current = step.step
    draw()
  }
  const finished = (message: unknown) => {
    done++
    count = Math.max(count, (message as StepMessage).count)
    draw()
  }
  subscribe(startChannel, started)
  subscribe(finishChannel, finished)
  return {
    stop() {
      unsubscribe(startChannel, started)
      unsubscribe(finishChannel, finished)
      stream.write('\r\u001b[2K')
    },
  }
}
