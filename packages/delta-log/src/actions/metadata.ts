import { isObject, mapOf, numberOf, textOf, textsOf, type JsonObject } from '../json.js'

/** The table's identity, schema, partitioning and properties: the `metaData` action. */
export interface Metadata {
  readonly kind: 'metaData'
  readonly id: string
  readonly name: string | null
  readonly description: string | null
  readonly formatProvider: string
  readonly formatOptions: Readonly<Record<string, string>>
  /** Delta's JSON; `parseSchema` reads it. */
  readonly schemaString: string
  readonly partitionColumns: readonly string[]
  readonly configuration: Readonly<Record<string, string>>
  readonly createdTimeMs: number | null
}

const textMap = (of: Readonly<Record<string, string | null>> | null): Record<string, string> =>
  Object.fromEntries(Object.entries(of ?? {}).filter((entry): entry is [string, string] => entry[1] !== null))

export function metadataFromJson(json: JsonObject): Metadata {
  const format = isObject(json['format']) ? json['format'] : {}
  return {
    kind: 'metaData',
    id: textOf(json['id']) ?? '',
    name: textOf(json['name']),
    description: textOf(json['description']),
    formatProvider: textOf(format['provider']) ?? 'parquet',
    formatOptions: textMap(mapOf(format['options'])),
    schemaString: textOf(json['schemaString']) ?? '',
    partitionColumns: textsOf(json['partitionColumns']) ?? [],
    configuration: textMap(mapOf(json['configuration'])),
    createdTimeMs: numberOf(json['createdTime']),
  }
}

export const metadataToJson = (action: Metadata): JsonObject => ({
  id: action.id,
  ...(action.name !== null && { name: action.name }),
  ...(action.description !== null && { description: action.description }),
  format: { provider: action.formatProvider, options: action.formatOptions },
  schemaString: action.schemaString,
  partitionColumns: action.partitionColumns,
  configuration: action.configuration,
  ...(action.createdTimeMs !== null && { createdTime: action.createdTimeMs }),
})
