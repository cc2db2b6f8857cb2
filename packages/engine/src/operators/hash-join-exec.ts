import { Arena, type RecordBatch } from '@deltaworks/columnar'
import type { RowSelector } from '@deltaworks/formats'
import type { Join } from '@deltaworks/plan'
import { spillFile, type ExecutionContext } from '../execution-context.js'
import type { SpillableAccount } from '../memory-pool.js'
import { coalesced } from './batch-coalescer.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'
import { buildSide, type BuildSide } from './join/build-side.js'
import { JoinProbe, stepped } from './join/join-probe.js'
import { JoinSelector, passedOn } from './join/join-selector.js'
import { joinRoles, type JoinRoles, type Side } from './join/join-roles.js'
import { collectBuild, SpilledJoin } from './join/spilled-join.js'

/**
 * Equi-joins by a hash table over one input (the build side), probed with the other. A residual condition is evaluated on
 * matching pairs before a row counts as matched. Without keys every pair matches (cross and non-equi joins). A build side
 * that is larger than memory goes to disk, as does the other then.
 */
export class HashJoinExec implements ExecutionPlan {
  readonly name: string
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly spills = true
  readonly #join: Join
  readonly #roles: JoinRoles
  readonly #retain: boolean
  readonly #selector: JoinSelector
  /** For rows of the probe side, from the operators above. */
  #given: readonly RowSelector[] = []
  /** It is executed once a morsel. */
  #probe: JoinProbe | null = null
  #kept: { readonly build: BuildSide; readonly account: SpillableAccount } | null = null

  /** @param retain the build side is the same in every execution: it is built by the first and kept until `close` */
  constructor(join: Join, left: ExecutionPlan, right: ExecutionPlan, build: Side, retain: boolean = false) {
    this.#join = join
    this.#roles = joinRoles(join, build)
    this.#retain = retain
    this.#selector = new JoinSelector(join, this.#roles)
    this.schema = join.schema
    this.inputs = [left, right]
    this.name = `${join.keys.length === 0 ? 'NestedLoopJoinExec' : 'HashJoinExec'} (${join.joinType}, build ${build})`
  }

  #input(side: Side): ExecutionPlan {
    return side === 'left' ? this.inputs[0]! : this.inputs[1]!
  }

  offer(selectors: readonly RowSelector[]): void {
    this.#given = passedOn(selectors, this.#join, this.#roles)
  }

  execute(context: ExecutionContext): BatchStream {
    return coalesced(context, this.schema, this.#joined(context))
  }

  async *#joined(context: ExecutionContext): BatchStream {
    const probe = (this.#probe ??= new JoinProbe(context, this.#join, this.#roles))
    if (this.#kept !== null) {
      yield* this.#probed(context, probe, this.#kept.build)
      return
    }
    const account = context.pool.spillable(this.name)
    const pieces = new Arena(context.columnar.heap, account)
    const source = open(this.#input(this.#roles.build), context)
    let build: BuildSide | null = null
    try {
      const batches: RecordBatch[] = []
      const { schema } = this.#input(this.#roles.build)
      if (!(await collectBuild(context, account, source, pieces, batches))) {
        yield* this.#spilled(context, account, probe, withFirst(batches, pieces, source))
        return
      }
      build = buildSide(context, account, this.#join, this.#roles, schema, pieces, batches)
      if (this.#retain) this.#kept = { build, account }
      yield* this.#probed(context, probe, build)
    } finally {
      await source.return()
      if (this.#kept === null) {
        build?.close()
        pieces.close()
        account.close()
      }
    }
  }

  async *#probed(context: ExecutionContext, probe: JoinProbe, build: BuildSide): BatchStream {
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    const input = this.#input(this.#roles.probe)
    input.offer?.([...this.#selector.of(build), ...this.#given])
    try {
      for await (const batch of open(input, context)) {
        arena.reset()
        yield* stepped(context, probe.whole(arena, batch, build))
      }
      arena.reset()
      yield* stepped(context, probe.rest(arena, build))
    } finally {
      arena.close()
      account.close()
    }
  }

  async *#spilled(
    context: ExecutionContext,
    account: SpillableAccount,
    probe: JoinProbe,
    build: BatchStream,
  ): BatchStream {
    const file = spillFile(context, this)
    const input = this.#input(this.#roles.probe)
    input.offer?.(this.#given)
    const source = open(input, context)
    try {
      yield* new SpilledJoin(context, account, file, this.#join, this.#roles, probe).results(build, source)
    } finally {
      await source.return()
      file.close()
    }
  }

  close(): void {
    this.#kept?.build.close()
    this.#kept?.account.close()
    this.#kept = null
  }
}

/** The batches that were collected, then the rest of the stream. */
async function* withFirst(batches: readonly RecordBatch[], pieces: Arena, rest: BatchStream): BatchStream {
  yield* batches
  pieces.reset()
  yield* rest
}
