import { readFileSync, statfsSync } from 'node:fs'
import { channel } from 'node:diagnostics_channel'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import type { PressureMessage } from '../events.js'
import { formatBytes } from '../figures.js'

/** What cannot be seen from outside of a session. */
export interface ResourceSources {
  readonly wasmBytes: () => number
  readonly pool: () => { readonly usedBytes: number; readonly limitBytes: number }
  /** What goes to disk for want of memory: its limit may be Infinity, which is as much as there is room for. */
  readonly spill?: () => { readonly usedBytes: number; readonly peakBytes: number; readonly limitBytes: number }
  /** Where temporary files are; default: the system's folder for them. */
  readonly temporaryFolder?: string
}

export interface ResourceSample {
  /** Of one core: 1.5 is one and a half. */
  readonly cpuShare: number
  readonly rssBytes: number
  readonly wasmBytes: number
  readonly poolBytes: number
  readonly spilledBytes: number
  readonly diskFreeBytes: number | null
}

/** Shares of a limit from which on it is told; null: it is not looked at. */
export interface ResourceLimits {
  readonly memory: number | null
  /** Of the session's memory budget: operators go to disk near it, so it is not looked at by default. */
  readonly pool: number | null
  readonly disk: number | null
  /** Of the disk that a session may spill to: at its limit, queries fail. */
  readonly spill: number | null
  /** Of all cores. */
  readonly cpu: number | null
}

export const defaultResourceLimits: ResourceLimits = { memory: 0.85, pool: null, disk: 0.9, spill: 0.8, cpu: null }

const pressureChannel = channel('deltaworks:resources:pressure')

/** Looks at the process and its machine once in a while, and tells when it comes near a limit: once a resource, and at its highest. */
export class ResourceMonitor {
  readonly #sources: ResourceSources
  readonly #limits: ResourceLimits
  readonly #onSample: (sample: ResourceSample) => void
  readonly #timer: NodeJS.Timeout
  readonly #pressures = new Map<string, PressureMessage>()
  readonly #memoryLimit = memoryLimit()
  #cpu = process.cpuUsage()
  #at = performance.now()

  constructor(
    sources: ResourceSources,
    limits: ResourceLimits,
    intervalMs: number,
    onSample: (sample: ResourceSample) => void,
  ) {
    this.#sources = sources
    this.#limits = limits
    this.#onSample = onSample
    this.#timer = setInterval(() => this.sample(), intervalMs)
    this.#timer.unref()
  }

  /** Near which limits the process has been, each at its highest. */
  get pressures(): readonly PressureMessage[] {
    return [...this.#pressures.values()]
  }

  sample(): ResourceSample {
    const { usedBytes, limitBytes } = this.#sources.pool()
    const disk = diskOf(this.#sources.temporaryFolder ?? tmpdir())
    const spill = this.#sources.spill?.() ?? null
    const sample: ResourceSample = {
      cpuShare: this.#cpuShare(),
      rssBytes: process.memoryUsage.rss(),
      wasmBytes: this.#sources.wasmBytes(),
      poolBytes: usedBytes,
      spilledBytes: spill?.usedBytes ?? 0,
      diskFreeBytes: disk?.freeBytes ?? null,
    }
    const cores = availableParallelism()
    this.#judge('memory', sample.rssBytes, this.#memoryLimit)
    this.#judge('pool', usedBytes, limitBytes)
    if (disk !== null) this.#judge('disk', disk.totalBytes - disk.freeBytes, disk.totalBytes)
    // What came and went between two looks counts too.
    if (spill !== null) {
      const room = disk === null ? Infinity : disk.freeBytes + spill.usedBytes
      this.#judge('spill', spill.peakBytes, Math.min(spill.limitBytes, room))
    }
    this.#judge('cpu', sample.cpuShare, cores, (share) => `${share.toFixed(1)} cores`)
    this.#onSample(sample)
    return sample
  }

  /** Takes a last sample. */
  close(): void {
    clearInterval(this.#timer)
    this.sample()
  }

  #cpuShare(): number {
    const now = performance.now()
    const { user, system } = process.cpuUsage(this.#cpu)
    const elapsedMs = now - this.#at
    this.#cpu = process.cpuUsage()
    this.#at = now
    return elapsedMs <= 0 ? 0 : (user + system) / 1000 / elapsedMs
  }

  #judge(
    resource: keyof ResourceLimits,
    used: number,
    limit: number,
    text: (of: number) => string = formatBytes,
  ): void {
    const from = this.#limits[resource]
    const share = used / limit
    if (from === null || !(share >= from)) return
    const known = this.#pressures.get(resource)
    if (known !== undefined && known.share >= share) return
    const pressure = { resource, share, used: text(used), limit: text(limit) }
    this.#pressures.set(resource, pressure)
    if (known === undefined && pressureChannel.hasSubscribers) pressureChannel.publish(pressure)
  }
}

/** What the process may have: the container's limit if there is one, else the machine's memory. */
function memoryLimit(): number {
  for (const file of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    try {
      const limit = Number(readFileSync(file, 'utf8'))
      if (Number.isFinite(limit) && limit > 0) return Math.min(limit, totalmem())
    } catch {
      continue
    }
  }
  return totalmem()
}

/** Null where the system does not tell. */
function diskOf(folder: string): { readonly freeBytes: number; readonly totalBytes: number } | null {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch {
    return null
  }
}
