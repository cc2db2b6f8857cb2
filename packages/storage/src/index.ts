export { objectNotFoundCode, StorageError } from './errors.js'
export { FileStore } from './file-store.js'
export type { FileStoreOptions } from './file-store.js'
export { MemoryStore } from './memory-store.js'
export { comparePaths, joinPath } from './object-path.js'
export type { ObjectMessage, ObjectNotifications } from './notifications/object-notifications.js'
export { SqsNotifications } from './notifications/sqs-notifications.js'
export type {
  ByteRange,
  ListOptions,
  ObjectMeta,
  ObjectStore,
  ObjectVisitor,
  ObjectWriter,
  PutMode,
} from './object-store.js'
export { isRemote, isThreadLocal, openStore, resolveUri, splitUri } from './open-store.js'
export type { AzureOptions } from './azure/azure-options.js'
export type { GcsOptions } from './gcs/gcs-options.js'
export { s3Options, storageVariable } from './options/storage-configuration.js'
export type { StorageConfiguration } from './options/storage-configuration.js'
export type { S3Options } from './s3/s3-options.js'
export { S3Store } from './s3/s3-store.js'
