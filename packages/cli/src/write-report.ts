import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { renderHtml, renderJson, renderMarkdown, type RunReport } from '@deltaworks/telemetry'

/** Writes a report as HTML, JSON and Markdown. @returns the HTML file */
export async function writeReport(report: RunReport, folder: string): Promise<string> {
  const directory = resolve(folder)
  mkdirSync(directory, { recursive: true })
  const base = join(directory, `${report.command}-${report.runId}`)
  writeFileSync(`${base}.html`, renderHtml(report))
  writeFileSync(`${base}.json`, renderJson(report))
  writeFileSync(`${base}.md`, renderMarkdown(report))
  return `${base}.html`
}
