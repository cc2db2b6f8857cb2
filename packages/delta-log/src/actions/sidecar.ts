import { numberOf, textOf, type JsonObject } from '../json.js'

/** A Parquet file with add and remove actions of a V2 checkpoint. */
export interface Sidecar {
  readonly kind: 'sidecar'
  readonly path: string
  readonly sizeBytes: number
  readonly modificationTimeMs: number
}

export const sidecarFromJson = (json: JsonObject): Sidecar => ({
  kind: 'sidecar',
  path: textOf(json['path']) ?? '',
  sizeBytes: numberOf(json['sizeInBytes']) ?? 0,
  modificationTimeMs: numberOf(json['modificationTime']) ?? 0,
})

export const sidecarToJson = (action: Sidecar): JsonObject => ({
  path: action.path,
  sizeInBytes: action.sizeBytes,
  modificationTime: action.modificationTimeMs,
  tags: {},
})
