import type { Json } from '@deltaworks/schema'
import { isObject, mapOf, numberOf, textOf, type JsonObject } from '../json.js'

/** Where a commit came from (`commitInfo`), in Spark's names, as DESCRIBE HISTORY shows them. */
export interface CommitInfo {
  readonly kind: 'commitInfo'
  readonly timestampMs: number
  readonly inCommitTimestampMs: number | null
  readonly operation: string
  /** Spark writes text, with JSON inside for what is no text. */
  readonly operationParameters: Readonly<Record<string, string | null>>
  readonly readVersion: number | null
  readonly isolationLevel: string | null
  readonly isBlindAppend: boolean | null
  readonly operationMetrics: Readonly<Record<string, string | null>>
  readonly userName: string | null
  readonly userMetadata: string | null
  readonly engineInfo: string | null
  readonly txnId: string | null
  readonly tags: Readonly<Record<string, string | null>> | null
}

export const commitInfoFromJson = (json: JsonObject): CommitInfo => ({
  kind: 'commitInfo',
  timestampMs: numberOf(json['timestamp']) ?? 0,
  inCommitTimestampMs: numberOf(json['inCommitTimestamp']),
  operation: textOf(json['operation']) ?? '',
  operationParameters: mapOf(json['operationParameters']) ?? {},
  readVersion: numberOf(json['readVersion']),
  isolationLevel: textOf(json['isolationLevel']),
  isBlindAppend: typeof json['isBlindAppend'] === 'boolean' ? json['isBlindAppend'] : null,
  operationMetrics: isObject(json['operationMetrics']) ? (mapOf(json['operationMetrics']) ?? {}) : {},
  userName: textOf(json['userName']),
  userMetadata: textOf(json['userMetadata']),
  engineInfo: textOf(json['engineInfo']),
  txnId: textOf(json['txnId']),
  tags: mapOf(json['tags']),
})

export const commitInfoToJson = (action: CommitInfo): JsonObject => ({
  ...(action.inCommitTimestampMs !== null && { inCommitTimestamp: action.inCommitTimestampMs }),
  timestamp: action.timestampMs,
  operation: action.operation,
  operationParameters: action.operationParameters as Record<string, Json>,
  ...(action.readVersion !== null && { readVersion: action.readVersion }),
  ...(action.isolationLevel !== null && { isolationLevel: action.isolationLevel }),
  ...(action.isBlindAppend !== null && { isBlindAppend: action.isBlindAppend }),
  operationMetrics: action.operationMetrics as Record<string, Json>,
  ...(action.userName !== null && { userName: action.userName }),
  ...(action.userMetadata !== null && { userMetadata: action.userMetadata }),
  ...(action.engineInfo !== null && { engineInfo: action.engineInfo }),
  ...(action.tags !== null && { tags: action.tags }),
  ...(action.txnId !== null && { txnId: action.txnId }),
})
