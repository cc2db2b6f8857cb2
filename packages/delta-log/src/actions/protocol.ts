import { numberOf, textsOf, type JsonObject } from '../json.js'

/** What a client must be able to do to read or write the table. */
export interface Protocol {
  readonly kind: 'protocol'
  readonly minReaderVersion: number
  readonly minWriterVersion: number
  /** Only with reader version 3; null where the action has none. */
  readonly readerFeatures: readonly string[] | null
  /** Only with writer version 7. */
  readonly writerFeatures: readonly string[] | null
}

export const protocol = (
  minReaderVersion: number,
  minWriterVersion: number,
  readerFeatures: readonly string[] | null = null,
  writerFeatures: readonly string[] | null = null,
): Protocol => ({ kind: 'protocol', minReaderVersion, minWriterVersion, readerFeatures, writerFeatures })

export const protocolFromJson = (json: JsonObject): Protocol =>
  protocol(
    numberOf(json['minReaderVersion']) ?? 1,
    numberOf(json['minWriterVersion']) ?? 1,
    textsOf(json['readerFeatures']),
    textsOf(json['writerFeatures']),
  )

export const protocolToJson = (action: Protocol): JsonObject => ({
  minReaderVersion: action.minReaderVersion,
  minWriterVersion: action.minWriterVersion,
  ...(action.readerFeatures !== null && { readerFeatures: action.readerFeatures }),
  ...(action.writerFeatures !== null && { writerFeatures: action.writerFeatures }),
})
