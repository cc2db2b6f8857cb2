import { isObject, numberOf, textOf, type JsonObject } from '../json.js'
import type { Json } from '@deltaworks/schema'

/** Where a file's deletion vector is (PROTOCOL.md, "Deletion Vector Descriptor Schema"). */
export interface DeletionVectorDescriptor {
  /** `u` file beside the data by UUID, `p` absolute path, `i` inline. */
  readonly storageType: string
  readonly pathOrInlineDv: string
  readonly offset: number | null
  readonly sizeBytes: number
  /** Rows that it removes. */
  readonly cardinality: number
}

export const deletionVectorFromJson = (json: Json | undefined): DeletionVectorDescriptor | null =>
  !isObject(json) || textOf(json['storageType']) === null
    ? null
    : {
        storageType: textOf(json['storageType'])!,
        pathOrInlineDv: textOf(json['pathOrInlineDv']) ?? '',
        offset: numberOf(json['offset']),
        sizeBytes: numberOf(json['sizeInBytes']) ?? 0,
        cardinality: numberOf(json['cardinality']) ?? 0,
      }

export const deletionVectorToJson = (of: DeletionVectorDescriptor): JsonObject => ({
  storageType: of.storageType,
  pathOrInlineDv: of.pathOrInlineDv,
  ...(of.offset !== null && { offset: of.offset }),
  sizeInBytes: of.sizeBytes,
  cardinality: of.cardinality,
})

/** Tells versions of one file with different deletion vectors apart. */
export const deletionVectorId = (of: DeletionVectorDescriptor): string =>
  of.offset === null ? `${of.storageType}${of.pathOrInlineDv}` : `${of.storageType}${of.pathOrInlineDv}@${of.offset}`
