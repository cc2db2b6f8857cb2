import { booleanOf, mapOf, numberOf, textOf, type JsonObject } from '../json.js'
import type { AddFile } from './add-file.js'
import {
  deletionVectorFromJson,
  deletionVectorToJson,
  type DeletionVectorDescriptor,
} from './deletion-vector-descriptor.js'

/** A file that is no longer of the table: a tombstone, kept until VACUUM may delete the file. */
export interface RemoveFile {
  readonly kind: 'remove'
  readonly path: string
  readonly deletionTimeMs: number | null
  readonly dataChange: boolean
  readonly extendedFileMetadata: boolean
  readonly partitionValues: Readonly<Record<string, string | null>> | null
  readonly sizeBytes: number | null
  readonly stats: string | null
  readonly tags: Readonly<Record<string, string | null>> | null
  readonly deletionVector: DeletionVectorDescriptor | null
  readonly baseRowId: number | null
  readonly defaultRowCommitVersion: number | null
}

export const removeOf = (file: AddFile, deletionTimeMs: number, dataChange = true): RemoveFile => ({
  kind: 'remove',
  path: file.path,
  deletionTimeMs,
  dataChange,
  extendedFileMetadata: true,
  partitionValues: file.partitionValues,
  sizeBytes: file.sizeBytes,
  stats: null,
  tags: file.tags,
  deletionVector: file.deletionVector,
  baseRowId: file.baseRowId,
  defaultRowCommitVersion: file.defaultRowCommitVersion,
})

export const removeFromJson = (json: JsonObject): RemoveFile => ({
  kind: 'remove',
  path: textOf(json['path']) ?? '',
  deletionTimeMs: numberOf(json['deletionTimestamp']),
  dataChange: booleanOf(json['dataChange'], true),
  extendedFileMetadata: booleanOf(json['extendedFileMetadata'], false),
  partitionValues: mapOf(json['partitionValues']),
  sizeBytes: numberOf(json['size']),
  stats: textOf(json['stats']),
  tags: mapOf(json['tags']),
  deletionVector: deletionVectorFromJson(json['deletionVector']),
  baseRowId: numberOf(json['baseRowId']),
  defaultRowCommitVersion: numberOf(json['defaultRowCommitVersion']),
})

export const removeToJson = (action: RemoveFile): JsonObject => ({
  path: action.path,
  ...(action.deletionTimeMs !== null && { deletionTimestamp: action.deletionTimeMs }),
  dataChange: action.dataChange,
  ...(action.extendedFileMetadata && { extendedFileMetadata: true }),
  ...(action.partitionValues !== null && { partitionValues: action.partitionValues }),
  ...(action.sizeBytes !== null && { size: action.sizeBytes }),
  ...(action.stats !== null && { stats: action.stats }),
  ...(action.tags !== null && { tags: action.tags }),
  ...(action.deletionVector !== null && { deletionVector: deletionVectorToJson(action.deletionVector) }),
  ...(action.baseRowId !== null && { baseRowId: action.baseRowId }),
  ...(action.defaultRowCommitVersion !== null && { defaultRowCommitVersion: action.defaultRowCommitVersion }),
})
