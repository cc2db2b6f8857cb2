import { joinPath } from '@deltaworks/storage'
import type { AddFile } from '../actions/add-file.js'
import type { RemoveFile } from '../actions/remove-file.js'
import { invalidDeletionVector } from '../errors.js'
import { resolveFile, type ResolvedFile } from '../file-path.js'
import type { TableLocation } from '../table-location.js'
import { crc32 } from './crc32.js'
import { decodeRoaringBitmapArray } from './roaring-bitmap.js'
import { decodeZ85 } from './z85.js'

/**
 * Ascending row indexes that the file's deletion vector removes, or null if it has none. Size and checksum are verified.
 * @throws DeltaError DW-DELTA-0013
 */
export async function readDeletedRows(
  location: TableLocation,
  file: AddFile | RemoveFile,
): Promise<Uint32Array | null> {
  const descriptor = file.deletionVector
  if (descriptor === null) return null
  const invalid = (reason: string, cause?: unknown) => invalidDeletionVector(location.uri, file.path, reason, cause)
  const data = descriptor.storageType === 'i' ? decodeZ85(descriptor.pathOrInlineDv) : await readStored(location, file)
  if (data === null) throw invalid('its text is not Z85')
  let rows: Uint32Array
  try {
    rows = decodeRoaringBitmapArray(data)
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), error)
  }
  if (rows.length !== descriptor.cardinality) {
    throw invalid(`it holds ${rows.length} rows, its descriptor says ${descriptor.cardinality}`)
  }
  return rows
}

/** A stored vector: u32 size, data, u32 CRC-32, big endian, at the descriptor's offset. */
async function readStored(location: TableLocation, file: AddFile | RemoveFile): Promise<Uint8Array> {
  const descriptor = file.deletionVector!
  const invalid = (reason: string, cause?: unknown) => invalidDeletionVector(location.uri, file.path, reason, cause)
  const object = deletionVectorFile(location, file)
  if (object === null) throw invalid(`its storage type "${descriptor.storageType}" or its UUID is not valid`)
  const start = descriptor.offset ?? 0
  let bytes: Uint8Array
  try {
    bytes = await object.store.get(object.path, { start, end: start + descriptor.sizeBytes + 8 })
  } catch (error) {
    throw invalid(`${object.path} could not be read`, error)
  }
  if (bytes.length < descriptor.sizeBytes + 8) throw invalid(`${object.path} is too short`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = view.getUint32(0)
  if (size !== descriptor.sizeBytes) {
    throw invalid(`${object.path} says ${size} bytes, the log ${descriptor.sizeBytes}`)
  }
  const data = bytes.subarray(4, 4 + size)
  if (crc32(data) !== view.getUint32(4 + size)) throw invalid(`the checksum of ${object.path} is wrong`)
  return data
}

/** The object of a stored deletion vector; null for an inline one, or one that is not valid. */
export function deletionVectorFile(
  location: TableLocation,
  file: Pick<AddFile, 'deletionVector'>,
): ResolvedFile | null {
  const descriptor = file.deletionVector
  if (descriptor === null) return null
  const text = descriptor.pathOrInlineDv
  if (descriptor.storageType === 'p') return resolveFile(location, text)
  if (descriptor.storageType !== 'u' || text.length < 20) return null
  const uuid = decodeZ85(text.slice(-20))
  if (uuid === null) return null
  const hex = Buffer.from(uuid).toString('hex')
  const name = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  return {
    store: location.store,
    path: joinPath(location.path, text.slice(0, -20), `deletion_vector_${name}.bin`),
  }
}
