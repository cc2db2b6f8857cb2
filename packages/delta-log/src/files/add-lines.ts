import { addFromJson } from '../actions/add-file.js'
import type { JsonObject } from '../json.js'
import { LineChunk } from './line-chunk.js'
import { templateOf, viewOf, type JsonTemplate } from './json-template.js'
import { textOf, valueColumns } from './value-columns.js'

/*
 * Finds the lines of large commits that add files, and takes their values into columns. What is not such a line, or is one
 * that does not fit a template, is left to the JSON parser.
 */

const maxTemplates = 32
/** So many templates are made before it is asked whether they pay: some writers put their keys in another order into every line. */
const trialTemplates = 8
const worthwhileLines = 8
/** Then they are made of few lines, as another writer may have gone on. */
const linesBetweenTrials = 64
const addPrefix = Buffer.from('{"add":{')
const newline = 0x0a
/** Of a path that is its own key: no escape to be decoded, no scheme. */
const percent = 0x25
const colon = 0x3a

/** Members whose files are kept as objects: they are rare, and a deletion vector is part of the key. */
const objectMembers: readonly string[] = ['deletionVector']

interface Matched {
  readonly template: JsonTemplate
  readonly pathHole: number
  places: Int32Array
  rowCount: number
}

export interface CommitLines {
  readonly chunks: readonly LineChunk[]
  /** Start and end of the lines that are left, in their order, and their numbers from 1 on. */
  readonly others: readonly { readonly start: number; readonly end: number; readonly line: number }[]
}

/** Templates that were met in one log: its writers are few. */
export class AddLineReader {
  readonly #templates: JsonTemplate[] = []
  #made = 0
  #fits = 0
  #misses = 0

  read(data: Uint8Array): CommitLines {
    // A Buffer finds a byte many times faster than a Uint8Array does.
    const commit = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const view = viewOf(commit)
    const matched = new Map<JsonTemplate, Matched>()
    const others: { start: number; end: number; line: number }[] = []
    for (let start = 0, line = 1; start < commit.length; line++) {
      let end = commit.indexOf(newline, start)
      if (end < 0) end = commit.length
      if (end > start && (!isAdd(commit, start, end) || !this.#take(commit, view, start, end, matched))) {
        others.push({ start, end, line })
      }
      start = end + 1
    }
    const chunks = [...matched.values()].map(({ template, places, rowCount }) => {
      const columns = valueColumns(commit, view, places, rowCount, template.holes.length)
      return new LineChunk(template, columns, rowCount)
    })
    return { chunks, others }
  }

  #take(commit: Uint8Array, view: DataView, start: number, end: number, matched: Map<JsonTemplate, Matched>): boolean {
    for (const template of this.#templates) {
      if (!addRow(template, commit, view, start, end, matched)) continue
      this.#fits++
      return true
    }
    const pays = this.#made < trialTemplates || this.#fits >= this.#made * worthwhileLines
    if (!pays && ++this.#misses % linesBetweenTrials !== 0) return false
    this.#made++
    const template = usableTemplate(textOf(commit, start, end))
    if (template === null) return false
    if (this.#templates.length >= maxTemplates) this.#templates.pop()
    // Most lines are like the line before.
    this.#templates.unshift(template)
    return addRow(template, commit, view, start, end, matched)
  }
}

function isAdd(commit: Uint8Array, start: number, end: number): boolean {
  if (end - start < addPrefix.length) return false
  for (let i = 0; i < addPrefix.length; i++) if (commit[start + i] !== addPrefix[i]) return false
  return true
}

/** A template of lines from which a file can be made as the JSON parser would make it. */
function usableTemplate(line: string): JsonTemplate | null {
  const template = templateOf(line, ['add', 'stats'])
  if (template === null || template.hole(['add', 'path']) < 0) return null
  if (template.holes.some(({ path }) => path[0] !== 'add' || objectMembers.includes(path[1] ?? ''))) return null
  const paths = template.holes.map(({ path }) => path.join('\n'))
  if (new Set(paths).size !== paths.length) return null
  // What says nothing of a value's type must not be taken for another one.
  return addFromJson((JSON.parse(line) as { add: JsonObject }).add).path === '' ? null : template
}

function addRow(
  template: JsonTemplate,
  commit: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  matched: Map<JsonTemplate, Matched>,
): boolean {
  let rows = matched.get(template)
  const width = template.holes.length * 2
  if (rows === undefined) {
    rows = { template, pathHole: template.hole(['add', 'path']), places: new Int32Array(width * 64), rowCount: 0 }
  } else if (rows.places.length < (rows.rowCount + 1) * width) {
    const larger = new Int32Array(rows.places.length * 2)
    larger.set(rows.places)
    rows.places = larger
  }
  const at = rows.rowCount * width
  if (!template.match(commit, view, start, end, rows.places, at)) return false
  const path = at + rows.pathHole * 2
  if (!isOwnKey(commit, rows.places[path]!, rows.places[path + 1]!)) return false
  if (rows.rowCount++ === 0) matched.set(template, rows)
  return true
}

export function isOwnKey(path: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (path[i] === percent || path[i] === colon) return false
  return end > start
}
