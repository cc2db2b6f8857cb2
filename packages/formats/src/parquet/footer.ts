import type { ObjectStore } from '@deltaworks/storage'
import { corruptParquet, notParquet, unsupportedParquet } from '../errors.js'
import { encryptedMagic, magic } from './format.js'
import { parseMetadata, type FileMetadata } from './metadata.js'
import { PageTrial } from './page-trial.js'

/** Files of up to this size are read whole, in one request. */
export const wholeFileBytes = 1_048_576
/** What is read from the end of a larger file in the hope that the footer is in it. */
const tailBytes = 65_536

export interface OpenedFile {
  readonly metadata: FileMetadata
  readonly sizeBytes: number
  /** The whole file, if it was small. */
  readonly content: Uint8Array | null
  readonly bytesRead: number
  /** For all who read parts of it. */
  readonly pageTrial: PageTrial
}

/** Reads a file's footer. @throws FormatError DW-FORMAT-0001, 0002, 0003; StorageError */
export async function openParquet(store: ObjectStore, path: string, sizeBytes?: number): Promise<OpenedFile> {
  const known = sizeBytes !== undefined && sizeBytes > 0 ? sizeBytes : (await store.head(path)).sizeBytes
  if (known <= wholeFileBytes) {
    const content = await store.get(path)
    const [start, end] = footerRange(path, content, content.length)
    if (start < 0) throw corruptParquet(path, 'its footer is longer than the file')
    const metadata = parseMetadata(path, content.subarray(start, end))
    const pageTrial = new PageTrial()
    return { metadata, sizeBytes: content.length, content, bytesRead: content.length, pageTrial }
  }
  let tail = await store.get(path, { start: known - tailBytes, end: known })
  if (tail.length !== tailBytes) throw notParquet(path, `it has fewer than the ${known} bytes that were expected`)
  let bytesRead = tail.length
  let [start, end] = footerRange(path, tail, known)
  if (start < 0) {
    const missing = -start
    if (tailBytes + missing > known) throw corruptParquet(path, 'its footer is longer than the file')
    tail = await store.get(path, { start: known - tailBytes - missing, end: known })
    bytesRead += tail.length
    ;[start, end] = [0, end + missing]
  }
  const metadata = parseMetadata(path, tail.subarray(start, end))
  return { metadata, sizeBytes: known, content: null, bytesRead, pageTrial: new PageTrial() }
}

/** Where the footer lies in the file's last bytes; a start below 0 means that so many bytes before them are missing. */
function footerRange(path: string, tail: Uint8Array, sizeBytes: number): [number, number] {
  if (sizeBytes < 12 || tail.length < 12) {
    throw notParquet(path, sizeBytes === 0 ? 'it is empty' : `it has only ${sizeBytes} bytes`)
  }
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  const end = tail.length - 8
  const found = view.getUint32(end + 4, true)
  if (found === encryptedMagic) throw unsupportedParquet(path, 'encryption')
  if (found !== magic) throw notParquet(path, 'it does not end with "PAR1"')
  const length = view.getUint32(end, true)
  if (length > sizeBytes - 12) throw corruptParquet(path, 'its footer is longer than the file')
  return [end - length, end]
}
