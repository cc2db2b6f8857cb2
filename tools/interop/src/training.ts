import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { generateLanding } from '@deltaworks/sample-data'
import { Checks } from './checks.js'
import { lastLine, PythonEnvironment, run } from './python.js'

/*
 * node tools/interop/dist/training.js [--landing DIR]
 *
 * The examples of docs/training.md: each reads published tables at a version, trains something small, tells more than one knows
 * without it, and writes its predictions to a Delta table that we read.
 */
const workspace = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const examples = join(workspace, 'docs', 'training')
const packages = ['deltalake==1.6.6', 'pyarrow', 'pandas', 'scikit-learn']

interface Example {
  readonly name: string
  /** Whether what it told beats what is known without it. */
  readonly isBetter: (told: Readonly<Record<string, number>>) => boolean
  readonly table: string
}

const ofPython: readonly Example[] = [
  {
    name: 'segments.py',
    isBetter: (told) => told['accuracy']! > told['always_the_commonest']!,
    table: 'segment_predictions',
  },
  {
    name: 'demand.py',
    isBetter: (told) => told['mean_absolute_error']! < told['as_in_the_month_before']!,
    table: 'demand_predictions',
  },
  {
    name: 'recommendations.py',
    isBetter: (told) => told['share_found']! > told['best_sellers']!,
    table: 'recommendations',
  },
]
const ofNode: Example = {
  name: 'segments.mjs',
  isBetter: (told) => told['accuracy']! > told['always_the_commonest']!,
  table: 'segment_predictions_node',
}

async function main(args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-training-'))
  const checks = new Checks()
  const session = Session.create()
  try {
    const given = args.includes('--landing') ? args[args.indexOf('--landing') + 1] : undefined
    const [landing, lake] = [given ?? join(folder, 'landing'), join(folder, 'lake')]
    if (given === undefined) generateLanding({ out: landing, scale: 1 })
    const batch = join(workspace, 'apps', 'batch', 'bin', 'deltaworks-batch.cjs')
    const built = await run(process.execPath, [batch, 'run', '--landing', landing, '--root', lake, '--quiet'])
    if (built.code !== 0) throw new Error(`the lake could not be made: ${lastLine(built.stderr)}`)
    const python = new PythonEnvironment(join(workspace, '.tools', 'training-venv'))
    const failure = await python.install(packages)
    const tried = async (example: Example, program: string): Promise<string | null> => {
      const { code, stdout, stderr } = await run(program, [join(examples, example.name), lake])
      if (code !== 0) return lastLine(stderr)
      const told = JSON.parse(lastLine(stdout)) as Readonly<Record<string, number>>
      if (!example.isBetter(told)) return `no better than without: ${lastLine(stdout)}`
      const written = await DeltaTable.open(session, `file://${lake}/ml/${example.table}`)
      return (written.detail().numRows ?? 0) > 0 ? null : 'no predictions were written'
    }
    for (const example of ofPython) {
      const name = `M-079 M-080 M-081: ${example.name}`
      if (failure !== null) checks.skip(name, failure)
      else await checks.run(name, () => tried(example, python.program('python')))
    }
    await checks.run(`M-079 M-080 M-081: ${ofNode.name}`, () => tried(ofNode, process.execPath))
  } finally {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return checks.finish()
}

process.exitCode = await main(process.argv.slice(2))
