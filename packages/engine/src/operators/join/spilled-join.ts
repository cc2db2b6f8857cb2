import { Arena, createEvaluator, type Column, type RecordBatch } from '@deltaworks/columnar'
import type { Join } from '@deltaworks/plan'
import { isOverShare, type ExecutionContext } from '../../execution-context.js'
import type { SpillableAccount } from '../../memory-pool.js'
import { maxSpillLevel, PartitionSpiller, spillPartitions } from '../../spill/partition-spiller.js'
import { bytesOf, compactCopy, readRun, rowsOf, writeRun, type SpilledRun } from '../../spill/runs.js'
import type { SpillFile } from '../../spill/spill-store.js'
import type { BatchStream } from '../execution-plan.js'
import { buildBytes, buildSide, type BuildSide } from './build-side.js'
import { stepped, type JoinProbe } from './join-probe.js'
import type { JoinRoles } from './join-roles.js'

/** Of the share: what a build side may take. The rest is for what comes of it. */
export const buildPart = 0.8
/** Of the share: rows that are divided at once. Dividing takes three times as much again. */
const dividedPart = 0.1
/** A part that keeps so much of the rows is of few keys: dividing it again does not help. */
const fewKeys = 0.9

interface Sides {
  readonly build: SpilledRun
  readonly probe: SpilledRun
}

/**
 * A join whose build side does not fit into memory: both sides are put on disk, divided by key, and joined part by part. A
 * part that is too large is divided again; one that cannot be (a key that is in very many rows, or a join without keys) is
 * joined block by block: the probe side is read once for each block of build rows that fits.
 */
export class SpilledJoin {
  readonly #context: ExecutionContext
  readonly #account: SpillableAccount
  readonly #file: SpillFile
  readonly #join: Join
  readonly #roles: JoinRoles
  readonly #probe: JoinProbe

  constructor(
    context: ExecutionContext,
    account: SpillableAccount,
    file: SpillFile,
    join: Join,
    roles: JoinRoles,
    probe: JoinProbe,
  ) {
    this.#context = context
    this.#account = account
    this.#file = file
    this.#join = join
    this.#roles = roles
    this.#probe = probe
  }

  async *results(build: BatchStream, probe: BatchStream): BatchStream {
    if (this.#join.keys.length > 0) {
      const builds = await this.#divide(build, 'build', 0)
      yield* this.#parts(builds, await this.#divide(probe, 'probe', 0), 0)
      return
    }
    const { schema } = this.#join[this.#roles.build]
    const built = await writeRun(this.#context, this.#file, schema, build)
    const probed = await writeRun(this.#context, this.#file, this.#join[this.#roles.probe].schema, probe)
    yield* this.#blocks({ build: built, probe: probed })
  }

  /** Rows of a stream by the hash of their keys. */
  async #divide(stream: BatchStream, side: 'build' | 'probe', level: number): Promise<readonly SpilledRun[]> {
    const { columnar, evaluation } = this.#context
    const { schema } = this.#join[this.#roles[side]]
    const keys = side === 'build' ? this.#roles.buildKeys : this.#roles.probeKeys
    const evaluator = createEvaluator(columnar, keys, schema, { evaluation })
    const keysOf = (arena: Arena, batch: RecordBatch): readonly Column[] => evaluator.project(arena, batch)
    const blockBytes = this.#account.shareBytes * dividedPart
    const spiller = new PartitionSpiller(this.#context, this.#account, this.#file, schema, keysOf, level, blockBytes)
    try {
      for await (const batch of stream) spiller.add(batch)
      return spiller.finish()
    } finally {
      spiller.close()
    }
  }

  async *#parts(builds: readonly SpilledRun[], probes: readonly SpilledRun[], level: number): BatchStream {
    const all = builds.reduce((sum, run) => sum + rowsOf(run), 0)
    for (let part = 0; part < spillPartitions; part++) {
      const sides = { build: builds[part]!, probe: probes[part]! }
      if (this.#gives(sides)) yield* this.#part(sides, level, rowsOf(sides.build) > all * fewKeys)
    }
  }

  /** Whether anything can come of a part. */
  #gives({ build, probe }: Sides): boolean {
    const { chosen, keepsBuild } = this.#roles
    if (probe.length === 0)
      return build.length > 0 && (keepsBuild || (chosen?.side === 'build' && chosen.matched === 0))
    return build.length > 0 || this.#probe.asksForMatches
  }

  async *#part(sides: Sides, level: number, isOfFewKeys: boolean): BatchStream {
    const bytes = buildBytes(bytesOf(sides.build), rowsOf(sides.build))
    if (bytes <= this.#account.shareBytes * buildPart || (isOfFewKeys && level > 0) || level >= maxSpillLevel) {
      yield* this.#blocks(sides)
      return
    }
    const context = this.#context
    const builds = await this.#divide(readRun(context, this.#account, sides.build), 'build', level + 1)
    const probes = await this.#divide(readRun(context, this.#account, sides.probe), 'probe', level + 1)
    yield* this.#parts(builds, probes, level + 1)
  }

  /** Joins by blocks of build rows that fit into memory: mostly one. */
  async *#blocks({ build, probe }: Sides): BatchStream {
    const { schema } = this.#join[this.#roles.build]
    const account = this.#account
    const pieces = new Arena(this.#context.columnar.heap, account)
    const source = readRun(this.#context, account, build)
    const matched = this.#probe.asksForMatches ? new Uint8Array(rowsOf(probe)) : null
    try {
      for (let isLast = false, isFirst = true; !isLast; isFirst = false) {
        const batches: RecordBatch[] = []
        isLast = await collectBuild(this.#context, account, source, pieces, batches)
        const side = buildSide(this.#context, account, this.#join, this.#roles, schema, pieces, batches)
        try {
          if (isFirst && isLast) yield* this.#whole(side, probe)
          else yield* this.#block(side, probe, matched, isLast)
        } finally {
          side.close()
        }
      }
    } finally {
      await source.return()
      pieces.close()
    }
  }

  async *#whole(side: BuildSide, probe: SpilledRun): BatchStream {
    const arena = new Arena(this.#context.columnar.heap, this.#account)
    try {
      for await (const batch of readRun(this.#context, this.#account, probe)) {
        arena.reset()
        yield* stepped(this.#context, this.#probe.whole(arena, batch, side))
      }
      arena.reset()
      yield* stepped(this.#context, this.#probe.rest(arena, side))
    } finally {
      arena.close()
    }
  }

  /** One block of several. @param matched a byte a probe row, gathered over the blocks */
  async *#block(side: BuildSide, probe: SpilledRun, matched: Uint8Array | null, isLast: boolean): BatchStream {
    const { heap } = this.#context.columnar
    const arena = new Arena(heap, this.#account)
    let row = 0
    try {
      for await (const batch of readRun(this.#context, this.#account, probe)) {
        arena.reset()
        const { rowCount } = batch
        const flags = matched === null ? 0 : arena.allocate(rowCount)
        if (matched !== null) heap.u8.set(matched.subarray(row, row + rowCount), flags)
        yield* stepped(this.#context, this.#probe.pairs(arena, batch, side, flags))
        if (matched !== null) {
          matched.set(heap.u8.subarray(flags, flags + rowCount), row)
          if (isLast) yield* stepped(this.#context, this.#probe.unmatchedProbe(arena, batch, flags))
        }
        row += rowCount
      }
      arena.reset()
      yield* stepped(this.#context, this.#probe.rest(arena, side))
    } finally {
      arena.close()
    }
  }
}

/** Copies batches of a build side until its table would take the share. @returns whether that was all */
export async function collectBuild(
  context: ExecutionContext,
  account: SpillableAccount,
  stream: BatchStream,
  pieces: Arena,
  batches: RecordBatch[],
): Promise<boolean> {
  let rows = 0
  for (;;) {
    const next = await stream.next()
    if (next.done === true) return true
    const { rowCount } = next.value
    if (rowCount === 0) continue
    batches.push(compactCopy(pieces, next.value))
    rows += rowCount
    const isOver = buildBytes(pieces.sizeBytes, rows) > account.shareBytes * buildPart
    if (isOver || isOverShare(context, account, buildPart)) return false
  }
}
