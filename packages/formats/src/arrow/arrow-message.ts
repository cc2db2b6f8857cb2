import { corruptArrow, notArrow, unsupportedArrow } from '../errors.js'
import { continuation, metadataVersion, messageKind } from './arrow-format.js'
import { FlatBufferError, FlatTable } from './flat-reader.js'

/** One encapsulated message. */
export interface ArrowMessage {
  readonly kind: 'schema' | 'dictionary' | 'batch'
  readonly header: FlatTable
  /** Where its body stands in the file. */
  readonly bodyOffset: number
  readonly bodyBytes: number
}

/** Metadata is small; a length above this is a damaged one. */
const maxMetadataBytes = 64 * 1024 * 1024

/** Runs what reads FlatBuffers. @throws FormatError DW-FORMAT-0071 */
export function guarded<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof FlatBufferError) throw corruptArrow(path, `its metadata cannot be read (${error.message})`)
    throw error
  }
}

/** Bytes of a file from a position; fewer only at its end. */
export type ReadBytes = (start: number, length: number) => Promise<Uint8Array>

/**
 * The messages of a stream that begins at `start`, until its end.
 * @throws FormatError DW-FORMAT-0070, 0071, 0072
 */
export async function* arrowMessages(
  path: string,
  read: ReadBytes,
  start: number,
  sizeBytes: number,
): AsyncGenerator<ArrowMessage, void, undefined> {
  let at = start
  while (at + 4 <= sizeBytes) {
    const prefix = await read(at, 8)
    const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength)
    if (prefix.length < 4) return
    let length = view.getUint32(0, true)
    let prefixBytes = 4
    if (length === continuation) {
      if (prefix.length < 8) throw notArrow(path, 'it ends within a message')
      length = view.getUint32(4, true)
      prefixBytes = 8
    }
    if (length === 0) return
    if (length > maxMetadataBytes || at + prefixBytes + length > sizeBytes)
      throw notArrow(path, `at byte ${at} a message claims ${length} bytes of metadata`)
    const metadata = await read(at + prefixBytes, length)
    const message = guarded(path, () => parse(path, metadata, at + prefixBytes + length))
    if (message.bodyOffset + message.bodyBytes > sizeBytes)
      throw corruptArrow(path, `the message at byte ${at} is longer than the file`)
    if (message.header !== null) yield message as ArrowMessage
    at = message.bodyOffset + message.bodyBytes
  }
}

function parse(
  path: string,
  metadata: Uint8Array,
  bodyOffset: number,
): Omit<ArrowMessage, 'header'> & { readonly header: FlatTable | null } {
  const message = FlatTable.root(metadata)
  const version = message.short(0)
  if (version < metadataVersion - 1 || version > metadataVersion)
    throw unsupportedArrow(path, `metadata of version ${version + 1}`)
  const header = message.table(2)
  const bodyBytes = message.length(3)
  switch (message.byte(1)) {
    case messageKind.schema:
      return { kind: 'schema', header, bodyOffset, bodyBytes }
    case messageKind.dictionaryBatch:
      return { kind: 'dictionary', header, bodyOffset, bodyBytes }
    case messageKind.recordBatch:
      return { kind: 'batch', header, bodyOffset, bodyBytes }
    default:
      throw unsupportedArrow(path, `a message of kind ${message.byte(1)}`)
  }
}
