import { hash } from 'node:crypto'
import type { FileScan } from './file-scan.js'

/** Puts the hash of a whole file where the scan wants it. */
export function keepDigest({ digest }: Pick<FileScan, 'digest'>, content: Uint8Array): void {
  digest?.set(hash('sha256', content, 'buffer'))
}
