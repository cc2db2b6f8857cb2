import type { DataType } from '@deltaworks/schema'
import { addFromJson, type AddFile } from '../actions/add-file.js'
import type { JsonObject } from '../json.js'
import type { ColumnBounds } from '../statistics.js'
import { StatisticsColumns, type FileChunk } from './file-chunk.js'
import type { Hole, JsonTemplate } from './json-template.js'
import type { ValueColumns } from './value-columns.js'

/** Files of commits: lines of one template, `{"add":{…}}`. */
export class LineChunk implements FileChunk {
  readonly columns: ValueColumns
  readonly rowCount: number
  readonly pathColumn: number
  readonly heldBytes: number
  readonly #template: JsonTemplate
  readonly #sizeHole: number
  readonly #statistics: StatisticsColumns
  readonly #plain: PlainMembers | null
  readonly #partitionHoles = new Map<string, number>()

  constructor(template: JsonTemplate, columns: ValueColumns, rowCount: number) {
    this.columns = columns
    this.rowCount = rowCount
    this.#template = template
    this.pathColumn = template.hole(['add', 'path'])
    this.#sizeHole = template.hole(['add', 'size'])
    this.#statistics = new StatisticsColumns(columns, template, ['add', 'stats'], 0)
    this.#plain = plainMembers(template)
    this.heldBytes = columns.sizeBytes
  }

  file(row: number): AddFile {
    return this.#plain === null ? this.#parsed(row) : this.#plainFile(this.#plain, row)
  }

  #parsed(row: number): AddFile {
    const { literals, holes } = this.#template
    let line = ''
    for (let i = 0; i < holes.length; i++) line += literals[i]! + this.columns.text(i, row)
    const json = JSON.parse(line + literals[holes.length]!) as { readonly add: JsonObject }
    return addFromJson(json.add)
  }

  /** Without a trip through JSON. The text of the statistics, which few ask for, is put together when it is read. */
  #plainFile(plain: PlainMembers, row: number): AddFile {
    const partitionValues: Record<string, string> = {}
    for (const { name, hole } of plain.partitions) partitionValues[name] = this.columns.text(hole, row)
    const { columns } = this
    return {
      kind: 'add',
      path: columns.text(this.pathColumn, row),
      partitionValues,
      sizeBytes: this.sizeBytes(row),
      modificationTimeMs: this.#number(plain.timeHole, row),
      dataChange: plain.dataChangeHole < 0 || columns.text(plain.dataChangeHole, row) !== 'false',
      get stats(): string | null {
        return statisticsText(plain, columns, row)
      },
      tags: null,
      deletionVector: null,
      baseRowId: null,
      defaultRowCommitVersion: null,
      clusteringProvider: null,
    }
  }

  sizeBytes(row: number): number {
    return this.#number(this.#sizeHole, row)
  }

  #number(hole: number, row: number): number {
    const value = hole < 0 ? 0 : Number(this.columns.text(hole, row))
    return Number.isFinite(value) ? value : 0
  }

  partitionValue(row: number, physicalName: string): string | null | undefined {
    let hole = this.#partitionHoles.get(physicalName)
    if (hole === undefined) {
      hole = this.#template.hole(['add', 'partitionValues', physicalName])
      this.#partitionHoles.set(physicalName, hole)
    }
    if (hole < 0) return undefined
    const text = this.columns.text(hole, row)
    return this.#template.holes[hole]!.isText || text !== 'null' ? text : null
  }

  physicalRowCount(row: number): number | null {
    return this.#statistics.rowCount(row)
  }

  bounds(row: number, path: readonly string[], type: DataType): ColumnBounds | null {
    return this.#statistics.bounds(row, path, type)
  }
}

/** Where the members are of a line that has no others than these. */
interface PlainMembers {
  readonly timeHole: number
  readonly dataChangeHole: number
  readonly partitions: readonly { readonly name: string; readonly hole: number }[]
  /** Text before each hole of the statistics, and behind the last; null: the line has none. */
  readonly statistics: { readonly first: number; readonly literals: readonly string[] } | null
}

const plainPaths = new Set(['path', 'size', 'modificationTime', 'dataChange'])

/** @returns null if the line has members or values that only the JSON parser knows what to make of */
function plainMembers(template: JsonTemplate): PlainMembers | null {
  const { holes, literals } = template
  const first = holes.findIndex(({ path }) => path[1] === 'stats')
  const statistics = holes.filter(({ path }) => path[1] === 'stats')
  if (first < 0 ? literals.some((text) => text.includes('"stats"')) : statistics[0]!.path.length === 2) return null
  if (/"tags"/.test(literals.join(''))) return null
  const others = holes.filter(({ path }) => path[1] !== 'stats')
  if (!others.every(isPlain)) return null
  const isTogether = holes.slice(first, first + statistics.length).every(({ path }) => path[1] === 'stats')
  if (first >= 0 && !isTogether) return null
  return {
    timeHole: template.hole(['add', 'modificationTime']),
    dataChangeHole: template.hole(['add', 'dataChange']),
    partitions: holes.flatMap(({ path }, hole) => (path[1] === 'partitionValues' ? [{ name: path[2]!, hole }] : [])),
    statistics: first < 0 ? null : { first, literals: textAround(literals, first, statistics.length) },
  }
}

const isPlain = ({ path, isText }: Hole): boolean =>
  path[1] === 'partitionValues'
    ? path.length === 3 && isText
    : path.length === 2 && plainPaths.has(path[1]!) && isText === (path[1] === 'path')

/** The literals around the holes of the statistics, as they read outside of the line. */
function textAround(literals: readonly string[], first: number, count: number): readonly string[] {
  const own = literals.slice(first, first + count + 1)
  own[0] = own[0]!.slice(own[0]!.lastIndexOf('"{\\"') + 1)
  own[count] = own[count]!.slice(0, own[count]!.search(/(?<!\\)"/))
  return own.map((text) => text.replaceAll('\\"', '"'))
}

function statisticsText({ statistics }: PlainMembers, columns: ValueColumns, row: number): string | null {
  if (statistics === null) return null
  const { first, literals } = statistics
  let text = ''
  for (let i = 0; i < literals.length - 1; i++) text += literals[i]! + columns.text(first + i, row)
  return text + literals.at(-1)!
}
