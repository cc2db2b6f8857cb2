import type { Readable } from 'node:stream'

/** Ranges longer than twice this are read by several requests at once. */
const pieceBytes = 8 * 1024 * 1024

export interface ReadResult {
  readonly bytesRead: number
  /** Null if there was nothing to read (the range is behind the object's end). */
  readonly etag: string | null
}

/** Reads a piece; a body that breaks off is gone on with by the one who gives this. */
export type PieceRead = (start: number, target: Uint8Array, etag: string | null) => Promise<ReadResult>

/** A part of the body came and the rest did not. */
export class IncompleteBody extends Error {
  override readonly name = 'IncompleteBody'
}

/** Reads [start, start + target.byteLength) into `target`, in pieces at once, all of one version of the object. */
export async function readPieces(
  start: number,
  target: Uint8Array,
  etag: string | null,
  read: PieceRead,
): Promise<ReadResult> {
  if (target.byteLength === 0) return { bytesRead: 0, etag }
  if (target.byteLength <= 2 * pieceBytes) return read(start, target, etag)
  // The first piece tells the version; where there is nothing behind it, nothing more is asked.
  const first = await read(start, target.subarray(0, pieceBytes), etag)
  if (first.bytesRead < pieceBytes) return first
  const pieces: Promise<ReadResult>[] = []
  for (let at = pieceBytes; at < target.byteLength; at += pieceBytes) {
    const piece = target.subarray(at, Math.min(target.byteLength, at + pieceBytes))
    pieces.push(read(start + at, piece, first.etag))
  }
  const all = await Promise.all(pieces)
  return { bytesRead: all.reduce((sum, piece) => sum + piece.bytesRead, first.bytesRead), etag: first.etag }
}

/** Copies a body as it comes. @param progress told the bytes so far, so that a body that breaks off is not lost */
export async function drain(body: Readable, target: Uint8Array, progress: (count: number) => void): Promise<number> {
  let count = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const part = chunk.byteLength > target.byteLength - count ? chunk.subarray(0, target.byteLength - count) : chunk
    target.set(part, count)
    count += part.byteLength
    progress(count)
  }
  return count
}
