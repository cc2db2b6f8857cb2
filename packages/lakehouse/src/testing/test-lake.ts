import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { canonicalLine } from '@deltaworks/formats'
import { scan } from '@deltaworks/plan'
import type { LakehouseDefinition } from '../lakehouse-definition.js'
import { planRun, type PlannedStep } from '../plan-run.js'
import { runLakehouse, type RunOptions } from '../run.js'
import type { RunResult } from '../run-result.js'

/** 2026-01-01T00:00:00Z */
export const testClock = 1_767_225_600_000_000n

/** A landing zone and a lake in a temporary folder, and runs of a lakehouse over them: for tests. */
export class TestLake {
  readonly folder = mkdtempSync(join(tmpdir(), 'deltaworks-lakehouse-'))
  readonly session = Session.create()
  readonly root = join(this.folder, 'lake')
  readonly landing = join(this.folder, 'landing')

  constructor() {
    mkdirSync(this.landing)
  }

  land(path: string, content: string | Uint8Array): void {
    const file = join(this.landing, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }

  options(lakehouse: LakehouseDefinition, configuration: unknown = {}, nowMicros = testClock): RunOptions {
    return {
      lakehouse,
      configuration,
      session: this.session,
      root: `file://${this.root}`,
      landing: `file://${this.landing}`,
      nowMicros,
    }
  }

  run(lakehouse: LakehouseDefinition, configuration: unknown = {}, nowMicros = testClock): Promise<RunResult> {
    return runLakehouse(this.options(lakehouse, configuration, nowMicros))
  }

  plan(lakehouse: LakehouseDefinition, configuration: unknown = {}): Promise<readonly PlannedStep[]> {
    return planRun(this.options(lakehouse, configuration))
  }

  open(path: string): Promise<DeltaTable> {
    return DeltaTable.open(this.session, `file://${join(this.root, path)}`)
  }

  async version(path: string): Promise<number> {
    return (await this.open(path)).version
  }

  /** A table's rows as canonical JSON lines, sorted. */
  async rows(path: string, ...columns: readonly string[]): Promise<string[]> {
    const all = scan((await this.open(path)).provider())
    const { schema, rows } = await this.session.collect(columns.length === 0 ? all : all.select(...columns))
    return rows.map((row) => canonicalLine(schema, row)).sort()
  }

  async count(path: string): Promise<number> {
    return (await this.rows(path)).length
  }

  /** Every file under the lake with its size and time: equal before and after what must change nothing. */
  files(): readonly string[] {
    const files: string[] = []
    const visit = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) visit(path)
        else files.push(`${relative(this.folder, path)} ${statSync(path).size} ${statSync(path).mtimeMs}`)
      }
    }
    try {
      visit(this.root)
    } catch {
      return []
    }
    return files.sort()
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8')
  }

  async close(): Promise<void> {
    await this.session.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What an operation throws. */
export async function errorOf(
  task: () => unknown,
): Promise<{ readonly code: string; readonly fault: string; readonly message: string }> {
  try {
    await task()
  } catch (error) {
    return error as { code: string; fault: string; message: string }
  }
  throw new Error('nothing was thrown')
}
