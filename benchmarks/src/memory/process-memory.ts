import { readFileSync, writeFileSync } from 'node:fs'

/** The most bytes that this process held since `forgetPeak`; of its whole life where the system does not tell. */
export function peakBytes(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}

export function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // Not Linux, or not allowed: the peak is that of the whole run.
  }
}
