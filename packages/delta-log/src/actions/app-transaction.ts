import { numberOf, textOf, type JsonObject } from '../json.js'

/** How far an application has come with its writes (`txn`): what makes a repeated write a no-op. */
export interface AppTransaction {
  readonly kind: 'txn'
  readonly appId: string
  readonly version: number
  readonly lastUpdatedMs: number | null
}

export const appTransactionFromJson = (json: JsonObject): AppTransaction => ({
  kind: 'txn',
  appId: textOf(json['appId']) ?? '',
  version: numberOf(json['version']) ?? 0,
  lastUpdatedMs: numberOf(json['lastUpdated']),
})

export const appTransactionToJson = (action: AppTransaction): JsonObject => ({
  appId: action.appId,
  version: action.version,
  ...(action.lastUpdatedMs !== null && { lastUpdated: action.lastUpdatedMs }),
})
