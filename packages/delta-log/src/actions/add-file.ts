import { pathKey } from '../file-path.js'
import { booleanOf, mapOf, numberOf, textOf, type JsonObject } from '../json.js'
import {
  deletionVectorFromJson,
  deletionVectorId,
  deletionVectorToJson,
  type DeletionVectorDescriptor,
} from './deletion-vector-descriptor.js'

/** A data file of the table: the `add` action. */
export interface AddFile {
  readonly kind: 'add'
  /** URL-encoded, as in the log; see `resolveFile`. */
  readonly path: string
  /** Serialised values by the physical name of the partition column. */
  readonly partitionValues: Readonly<Record<string, string | null>>
  readonly sizeBytes: number
  readonly modificationTimeMs: number
  /** false: the table's rows are the same with and without this commit (compaction). */
  readonly dataChange: boolean
  /** JSON; `parseStatistics` reads it. */
  readonly stats: string | null
  readonly tags: Readonly<Record<string, string | null>> | null
  readonly deletionVector: DeletionVectorDescriptor | null
  readonly baseRowId: number | null
  readonly defaultRowCommitVersion: number | null
  readonly clusteringProvider: string | null
}

/** An AddFile with the fields that a plain writer does not set absent. */
export const addFile = (
  required: Pick<AddFile, 'path' | 'partitionValues' | 'sizeBytes' | 'modificationTimeMs'> & Partial<AddFile>,
): AddFile => ({
  kind: 'add',
  dataChange: true,
  stats: null,
  tags: null,
  deletionVector: null,
  baseRowId: null,
  defaultRowCommitVersion: null,
  clusteringProvider: null,
  ...required,
})

export const addFromJson = (json: JsonObject): AddFile => ({
  kind: 'add',
  path: textOf(json['path']) ?? '',
  partitionValues: mapOf(json['partitionValues']) ?? {},
  sizeBytes: numberOf(json['size']) ?? 0,
  modificationTimeMs: numberOf(json['modificationTime']) ?? 0,
  dataChange: booleanOf(json['dataChange'], true),
  stats: textOf(json['stats']),
  tags: mapOf(json['tags']),
  deletionVector: deletionVectorFromJson(json['deletionVector']),
  baseRowId: numberOf(json['baseRowId']),
  defaultRowCommitVersion: numberOf(json['defaultRowCommitVersion']),
  clusteringProvider: textOf(json['clusteringProvider']),
})

export const addToJson = (action: AddFile): JsonObject => ({
  path: action.path,
  partitionValues: action.partitionValues,
  size: action.sizeBytes,
  modificationTime: action.modificationTimeMs,
  dataChange: action.dataChange,
  ...(action.stats !== null && { stats: action.stats }),
  ...(action.tags !== null && { tags: action.tags }),
  ...(action.deletionVector !== null && { deletionVector: deletionVectorToJson(action.deletionVector) }),
  ...(action.baseRowId !== null && { baseRowId: action.baseRowId }),
  ...(action.defaultRowCommitVersion !== null && { defaultRowCommitVersion: action.defaultRowCommitVersion }),
  ...(action.clusteringProvider !== null && { clusteringProvider: action.clusteringProvider }),
})

/** Key of reconciliation: path and deletion vector (PROTOCOL.md, "Action Reconciliation"). */
export const fileKey = (file: {
  readonly path: string
  readonly deletionVector: DeletionVectorDescriptor | null
}): string =>
  file.deletionVector === null ? pathKey(file.path) : `${pathKey(file.path)}\n${deletionVectorId(file.deletionVector)}`
