import { booleanOf, textOf, type JsonObject } from '../json.js'

/** Configuration of a named domain of the table; we keep what others wrote. */
export interface DomainMetadata {
  readonly kind: 'domainMetadata'
  readonly domain: string
  readonly configuration: string
  readonly removed: boolean
}

export const domainMetadataFromJson = (json: JsonObject): DomainMetadata => ({
  kind: 'domainMetadata',
  domain: textOf(json['domain']) ?? '',
  configuration: textOf(json['configuration']) ?? '',
  removed: booleanOf(json['removed'], false),
})

export const domainMetadataToJson = (action: DomainMetadata): JsonObject => ({
  domain: action.domain,
  configuration: action.configuration,
  removed: action.removed,
})
