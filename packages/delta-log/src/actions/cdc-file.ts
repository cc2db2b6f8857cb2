import { mapOf, numberOf, textOf, type JsonObject } from '../json.js'

/** A file of the change data feed: the `cdc` action. Only readers of changes look at it. */
export interface CdcFile {
  readonly kind: 'cdc'
  readonly path: string
  readonly partitionValues: Readonly<Record<string, string | null>>
  readonly sizeBytes: number
}

export const cdcFromJson = (json: JsonObject): CdcFile => ({
  kind: 'cdc',
  path: textOf(json['path']) ?? '',
  partitionValues: mapOf(json['partitionValues']) ?? {},
  sizeBytes: numberOf(json['size']) ?? 0,
})

export const cdcToJson = (action: CdcFile): JsonObject => ({
  path: action.path,
  partitionValues: action.partitionValues,
  size: action.sizeBytes,
  dataChange: false,
})
