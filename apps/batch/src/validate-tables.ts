import { promises } from 'node:fs'
import { join } from 'node:path'
import { invalidOption, type CommonOptions } from '@deltaworks/cli'
import type { Session } from '@deltaworks/engine'
import { validateData, type LakehouseDefinition } from '@deltaworks/lakehouse'
import type { Rule } from '@deltaworks/quality'
import {
  parseDqdl,
  renderReport,
  reportStatus,
  type QualityReport,
  type ReportFormat,
} from '@deltaworks/quality/validation'

interface Options extends CommonOptions {
  readonly table: readonly string[] | undefined
  readonly version: number | undefined
  readonly rules: readonly string[] | undefined
  readonly report: string | undefined
  readonly save: boolean
}

const files: Readonly<Record<ReportFormat, string>> = {
  html: 'quality.html',
  json: 'quality.json',
  junit: 'quality.junit.xml',
  markdown: 'quality.md',
}

/** Evaluates rules on the tables and reports. @returns whether a critical rule failed */
export async function validateTables(
  options: Options,
  lakehouse: LakehouseDefinition,
  configuration: unknown,
  session: Session,
  signal: AbortSignal,
): Promise<boolean> {
  const { table: tables, version } = options
  const unknown = tables?.find((name) => !lakehouse.tables.some((of) => of.name === name))
  if (unknown !== undefined) {
    throw invalidOption('--table', unknown, `tables are ${lakehouse.tables.map(({ name }) => name).join(', ')}`)
  }
  const report = await validateData({
    lakehouse,
    configuration,
    session,
    root: options.root,
    nowMicros: BigInt(Date.now()) * 1000n,
    keepMetrics: options.save,
    rules: await readRules(options.rules ?? [], lakehouse),
    signal,
    ...(tables !== undefined && { tables }),
    ...(version !== undefined && { version }),
  })
  if (options.report !== undefined) await writeReport(report, options.report)
  if (options.json) process.stdout.write(`${JSON.stringify({ ...report, status: reportStatus(report) })}\n`)
  else if (!options.quiet) process.stdout.write(renderReport(report, 'markdown'))
  return reportStatus(report) === 'failed'
}

/** `table=file.dqdl` */
async function readRules(
  given: readonly string[],
  lakehouse: LakehouseDefinition,
): Promise<ReadonlyMap<string, readonly Rule[]>> {
  const rules = new Map<string, readonly Rule[]>()
  for (const pair of given) {
    const place = pair.indexOf('=')
    const table = pair.slice(0, Math.max(0, place))
    if (!lakehouse.tables.some(({ name }) => name === table)) {
      throw invalidOption(
        '--rules',
        pair,
        `give table=file; tables are ${lakehouse.tables.map(({ name }) => name).join(', ')}`,
      )
    }
    const file = pair.slice(place + 1)
    const text = await promises.readFile(file, 'utf8').catch(() => {
      throw invalidOption('--rules', pair, `there is no file ${file}`)
    })
    rules.set(table, [...(rules.get(table) ?? []), ...parseDqdl(text)])
  }
  return rules
}

async function writeReport(report: QualityReport, folder: string): Promise<void> {
  await promises.mkdir(folder, { recursive: true })
  for (const [format, name] of Object.entries(files)) {
    await promises.writeFile(join(folder, name), renderReport(report, format as ReportFormat))
  }
}
