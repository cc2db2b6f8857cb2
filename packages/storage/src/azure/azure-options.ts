import type { OptionKinds } from '../options/option-kinds.js'

/**
 * How a container of Azure Blob Storage is reached. Secrets are never among these: they come from AZURE_STORAGE_CONNECTION_STRING,
 * AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, else from the default credential of @azure/identity.
 */
export interface AzureOptions {
  /** The storage account; `abfss://container@account.dfs.core.windows.net/…` names it itself. */
  readonly account?: string
  /** Of an emulator, with the account: `http://127.0.0.1:10000/devstoreaccount1`; absent: Azure's. */
  readonly endpoint?: string
  /** Encryption scope of new objects; absent: the container's own setting. */
  readonly encryptionScope?: string
  /** Attempts of a request until it fails. Default 8. */
  readonly maxAttempts?: number
  /** Requests of one thread at once. Default 32. */
  readonly connections?: number
}

export const azureKinds: OptionKinds<AzureOptions> = {
  account: 'text',
  endpoint: 'text',
  encryptionScope: 'text',
  maxAttempts: 'count',
  connections: 'count',
}
