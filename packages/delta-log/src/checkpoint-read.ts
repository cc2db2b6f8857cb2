import {
  formatDate,
  formatDecimal,
  formatTimestamp,
  type DataType,
  type Field,
  type Json,
  type Schema,
  type StructType,
  type Value,
} from '@deltaworks/schema'
import { joinPath, type ObjectMeta } from '@deltaworks/storage'
import type { LogAction } from './actions/action.js'
import { actionFromJson } from './actions/action.js'
import type { Sidecar } from './actions/sidecar.js'
import { parseActions } from './commit-file.js'
import { decodePath } from './file-path.js'
import type { JsonObject } from './json.js'
import type { LogParquet } from './log-parquet.js'
import { CheckpointFileReader } from './files/checkpoint-files.js'
import type { FileChunk } from './files/file-chunk.js'
import type { CheckpointFiles } from './log-segment.js'
import { logFolder, type TableLocation } from './table-location.js'

/** Members that we use; others in the file are not read. */
const wantedMembers: Readonly<Record<string, readonly string[] | null>> = {
  add: [
    'path',
    'partitionValues',
    'size',
    'modificationTime',
    'dataChange',
    'stats',
    'tags',
    'deletionVector',
    'baseRowId',
    'defaultRowCommitVersion',
    'clusteringProvider',
    'stats_parsed',
  ],
  remove: [
    'path',
    'deletionTimestamp',
    'dataChange',
    'extendedFileMetadata',
    'partitionValues',
    'size',
    'deletionVector',
    'baseRowId',
    'defaultRowCommitVersion',
  ],
  metaData: null,
  protocol: null,
  txn: null,
  domainMetadata: null,
  sidecar: ['path', 'sizeInBytes', 'modificationTime'],
}

/**
 * Every action of a checkpoint, in batches; sidecars are followed. Classic, multi-part and V2 checkpoints differ only in
 * where the actions are.
 * @param onFiles is given most files, in chunks, instead of their actions
 */
export async function* readCheckpoint(
  location: TableLocation,
  checkpoint: CheckpointFiles,
  parquet: LogParquet,
  onFiles: OnFiles | null = null,
): AsyncGenerator<readonly LogAction[]> {
  const sidecars: Sidecar[] = []
  for (const file of checkpoint.files) {
    for await (const actions of readActions(location, file, checkpoint.format, parquet, onFiles)) {
      for (const action of actions) if (action.kind === 'sidecar') sidecars.push(action)
      yield actions
    }
  }
  for (const sidecar of sidecars) {
    const name = sidecarName(sidecar)
    const path = joinPath(logFolder(location), '_sidecars', name)
    yield* parquetActions(location, { path, sizeBytes: sidecar.sizeBytes }, parquet, onFiles)
  }
}

type OnFiles = (files: FileChunk) => void

const sidecarName = (sidecar: Sidecar): string => decodePath(sidecar.path).replace(/^.*\//, '')

/** Names of the sidecars that a checkpoint refers to. */
export async function sidecarsOf(
  location: TableLocation,
  checkpoint: CheckpointFiles,
  parquet: LogParquet,
): Promise<readonly string[]> {
  if (checkpoint.form === 'multi-part') return []
  const names: string[] = []
  for (const file of checkpoint.files) {
    for await (const actions of readActions(location, file, checkpoint.format, parquet, null, ['sidecar'])) {
      for (const action of actions) if (action.kind === 'sidecar') names.push(sidecarName(action))
    }
  }
  return names
}

async function* readActions(
  location: TableLocation,
  file: ObjectMeta,
  format: 'parquet' | 'json',
  parquet: LogParquet,
  onFiles: OnFiles | null,
  kinds?: readonly string[],
): AsyncGenerator<readonly LogAction[]> {
  if (format === 'json') yield parseActions(location, file.path, await location.store.get(file.path))
  else yield* parquetActions(location, file, parquet, onFiles, kinds)
}

async function* parquetActions(
  location: TableLocation,
  file: Pick<ObjectMeta, 'path' | 'sizeBytes'>,
  parquet: LogParquet,
  onFiles: OnFiles | null,
  kinds?: readonly string[],
): AsyncGenerator<readonly LogAction[]> {
  const all = wantedSchema(await parquet.schema(location.store, file.path, file.sizeBytes))
  const wanted = kinds === undefined ? all : { fields: all.fields.filter(({ name }) => kinds.includes(name)) }
  if (wanted.fields.length === 0) return
  const files = new CheckpointFileReader()
  for await (const batch of parquet.batches(location.store, file.path, file.sizeBytes, wanted)) {
    const actions: LogAction[] = []
    const read = (column: number, row: number): void => {
      const value = batch.value(column, row)
      const action = value === null ? null : actionOf(wanted.fields[column]!, value as readonly Value[])
      if (action !== null) actions.push(action)
    }
    wanted.fields.forEach((field, column) => {
      if (field.name !== 'add' || onFiles === null) {
        for (let row = 0; row < batch.rowCount; row++) read(column, row)
        return
      }
      const { chunks, others } = files.read(batch, column)
      chunks.forEach(onFiles)
      for (const row of others) read(column, row)
    })
    yield actions
  }
}

function wantedSchema(of: Schema): Schema {
  const fields: Field[] = []
  for (const field of of.fields) {
    const members = wantedMembers[field.name]
    if (members === undefined || field.type.kind !== 'struct') continue
    const type: StructType =
      members === null
        ? field.type
        : { kind: 'struct', fields: field.type.fields.filter((member) => members.includes(member.name)) }
    fields.push({ ...field, type })
  }
  return { fields }
}

/** A row's struct as the JSON object that a commit would hold, and from there as the action. */
function actionOf(field: Field, value: readonly Value[]): LogAction | null {
  const { fields } = field.type as StructType
  const body: Record<string, Json> = {}
  for (let i = 0; i < fields.length; i++) {
    const member = fields[i]!
    const memberValue = value[i] as Value
    if (memberValue === null) continue
    if (member.name === 'stats_parsed') {
      // The struct form stands in where the text is missing.
      if (typeof body['stats'] !== 'string') body['stats'] = statisticsText(member.type as StructType, memberValue)
    } else if (member.name === 'stats') body['stats'] = memberValue as string
    else body[member.name] = toJson(member.type, memberValue)
  }
  return actionFromJson({ [field.name]: body } as JsonObject)
}

function toJson(type: DataType, value: Value): Json {
  if (value === null) return null
  switch (type.kind) {
    case 'int64':
      return Number(value)
    case 'struct': {
      const members = value as readonly Value[]
      const result: Record<string, Json> = {}
      type.fields.forEach((field, i) => {
        const member = toJson(field.type, members[i]!)
        if (member !== null) result[field.name] = member
      })
      return result
    }
    case 'list':
      return (value as readonly Value[]).map((element) => toJson(type.element, element))
    case 'map': {
      const result: Record<string, Json> = {}
      for (const [key, member] of value as unknown as readonly (readonly [Value, Value])[]) {
        result[String(key)] = toJson(type.value, member)
      }
      return result
    }
    default:
      return value as Json
  }
}

/** `stats_parsed` as the text of `stats`: one form from here on. Numbers keep all their digits. */
function statisticsText(type: StructType, value: Value): string {
  return structText(type, value as readonly Value[])
}

const structText = (type: StructType, value: readonly Value[]): string => {
  const members: string[] = []
  type.fields.forEach((field, i) => {
    const text = valueText(field.type, value[i]!)
    if (text !== null) members.push(`${JSON.stringify(field.name)}:${text}`)
  })
  return `{${members.join(',')}}`
}

function valueText(type: DataType, value: Value): string | null {
  if (value === null) return null
  switch (type.kind) {
    case 'struct':
      return structText(type, value as readonly Value[])
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'date':
      return JSON.stringify(formatDate(value as number))
    case 'timestamp':
      return JSON.stringify(`${formatTimestamp(value as bigint, 'T', 6)}Z`)
    case 'timestamp_ntz':
      return JSON.stringify(formatTimestamp(value as bigint, 'T', 6))
    case 'string':
      return JSON.stringify(value)
    case 'float32':
    case 'float64':
      return Number.isFinite(value) ? String(value) : null
    case 'binary':
    case 'list':
    case 'map':
    case 'null':
    case 'variant':
      return null
    default:
      return String(value)
  }
}
