import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { flameGraphHtml, type CpuProfile } from './flame-graph.js'

/** Makes `flame-graph.html` of the `.cpuprofile` files in a folder, one a thread. @returns its path; null if there is none */
export function flameGraphOf(folder: string, title: string): string | null {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  if (files.length === 0) return null
  const profiles = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile)
  const path = join(folder, 'flame-graph.html')
  writeFileSync(path, flameGraphHtml(title, profiles))
  return path
}
