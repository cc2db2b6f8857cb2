export type { ByteRange, ObjectMeta, ObjectStore, ObjectWriter, PutMode } from './object-store.js'
