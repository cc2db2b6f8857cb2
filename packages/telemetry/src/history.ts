import { promises } from 'node:fs'
import { join } from 'node:path'
import { TelemetryError } from './errors.js'
import { parseReport, type RunReport } from './run-report.js'

/**
 * The reports (`*.json`) of earlier runs in a folder, newest first. Files that are no reports are left out; a folder that is
 * not there holds none.
 * @param limit at most so many; file names are taken to sort by time, as run ids do
 */
export async function readHistory(folder: string, limit = 100): Promise<readonly RunReport[]> {
  let names: string[]
  try {
    names = await promises.readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const newest = names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .reverse()
    .slice(0, limit)
  const reports = await Promise.all(
    newest.map(async (name) => {
      try {
        return parseReport(await promises.readFile(join(folder, name), 'utf8'), name)
      } catch (error) {
        if (error instanceof TelemetryError) return null
        throw error
      }
    }),
  )
  return reports.filter((report) => report !== null).sort((a, b) => b.startedMs - a.startedMs)
}
