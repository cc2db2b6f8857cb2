import type { Json } from '@deltaworks/schema'
import { isObject, type JsonObject } from '../json.js'
import { addFromJson, addToJson, type AddFile } from './add-file.js'
import { appTransactionFromJson, appTransactionToJson, type AppTransaction } from './app-transaction.js'
import { cdcFromJson, cdcToJson, type CdcFile } from './cdc-file.js'
import { commitInfoFromJson, commitInfoToJson, type CommitInfo } from './commit-info.js'
import { domainMetadataFromJson, domainMetadataToJson, type DomainMetadata } from './domain-metadata.js'
import { metadataFromJson, metadataToJson, type Metadata } from './metadata.js'
import { protocolFromJson, protocolToJson, type Protocol } from './protocol.js'
import { removeFromJson, removeToJson, type RemoveFile } from './remove-file.js'
import { sidecarFromJson, type Sidecar } from './sidecar.js'

/** What a writer can put into a commit. `kind` is the action's key in the log. */
export type Action = AddFile | RemoveFile | CdcFile | Metadata | Protocol | AppTransaction | DomainMetadata | CommitInfo

/** What a reader can meet in a commit or a checkpoint. */
export type LogAction = Action | Sidecar

/** @returns the action of a line's object, or null: one that we do not know, which readers ignore */
export function actionFromJson(json: Json): LogAction | null {
  if (!isObject(json)) return null
  for (const key in json) {
    const body = json[key]
    const read = readers[key]
    if (read !== undefined && isObject(body)) return read(body)
  }
  return null
}

const readers: Readonly<Record<string, (json: JsonObject) => LogAction>> = {
  add: addFromJson,
  remove: removeFromJson,
  cdc: cdcFromJson,
  metaData: metadataFromJson,
  protocol: protocolFromJson,
  txn: appTransactionFromJson,
  domainMetadata: domainMetadataFromJson,
  commitInfo: commitInfoFromJson,
  sidecar: sidecarFromJson,
}

/** The object that stands for the action in a commit: one key, its kind. */
export function actionToJson(action: Action): JsonObject {
  switch (action.kind) {
    case 'add':
      return { add: addToJson(action) }
    case 'remove':
      return { remove: removeToJson(action) }
    case 'cdc':
      return { cdc: cdcToJson(action) }
    case 'metaData':
      return { metaData: metadataToJson(action) }
    case 'protocol':
      return { protocol: protocolToJson(action) }
    case 'txn':
      return { txn: appTransactionToJson(action) }
    case 'domainMetadata':
      return { domainMetadata: domainMetadataToJson(action) }
    case 'commitInfo':
      return { commitInfo: commitInfoToJson(action) }
  }
}
