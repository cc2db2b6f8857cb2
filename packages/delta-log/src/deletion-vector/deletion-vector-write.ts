import { randomUUID } from 'node:crypto'
import { joinPath } from '@deltaworks/storage'
import type { AddFile } from '../actions/add-file.js'
import type { DeletionVectorDescriptor } from '../actions/deletion-vector-descriptor.js'
import type { TableLocation } from '../table-location.js'
import { crc32 } from './crc32.js'
import { encodeRoaringBitmapArray } from './roaring-bitmap-write.js'
import { encodeZ85 } from './z85.js'

export interface DeletionVectorRequest {
  readonly file: AddFile
  /** All rows that are deleted in the file, strictly ascending. */
  readonly rows: Uint32Array
}

export interface StoredDeletionVectors {
  /** One a request, in their order. */
  readonly descriptors: readonly DeletionVectorDescriptor[]
  /** Store path of the file that holds them; null: all are inline. */
  readonly path: string | null
  readonly sizeBytes: number
}

/** A vector of up to so many bytes stands in the log, and costs readers no request. */
const maxInlineBytes = 128
const formatVersion = 1

/**
 * Writes deletion vectors: small ones into their descriptors, the others of a commit into one file (PROTOCOL.md, "Deletion
 * Vector File Storage Format": a version byte, then for each u32 size, data, u32 CRC-32, big endian).
 * @throws StorageError of the put
 */
export async function storeDeletionVectors(
  location: TableLocation,
  requests: readonly DeletionVectorRequest[],
): Promise<StoredDeletionVectors> {
  const uuid = randomUUID()
  const name = encodeZ85(Buffer.from(uuid.replaceAll('-', ''), 'hex'))
  const parts: Uint8Array[] = [Uint8Array.of(formatVersion)]
  let offset = 1
  const descriptors = requests.map(({ rows }): DeletionVectorDescriptor => {
    const data = encodeRoaringBitmapArray(rows)
    const common = { sizeBytes: data.length, cardinality: rows.length }
    if (data.length <= maxInlineBytes) {
      return { storageType: 'i', pathOrInlineDv: encodeZ85(data), offset: null, ...common }
    }
    const descriptor = { storageType: 'u', pathOrInlineDv: name, offset, ...common }
    const framed = frame(data)
    parts.push(framed)
    offset += framed.length
    return descriptor
  })
  if (parts.length === 1) return { descriptors, path: null, sizeBytes: 0 }
  const path = joinPath(location.path, `deletion_vector_${uuid}.bin`)
  await location.store.put(path, Buffer.concat(parts), 'create')
  return { descriptors, path, sizeBytes: offset }
}

function frame(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  bytes.set(data, 4)
  view.setUint32(4 + data.length, crc32(data))
  return bytes
}
