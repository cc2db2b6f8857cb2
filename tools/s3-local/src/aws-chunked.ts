import { S3Error } from './s3-error.js'

export interface DecodedBody {
  readonly body: Buffer
  /** Trailing headers, such as a checksum that was known only at the end. */
  readonly trailers: Readonly<Record<string, string>>
}

const incomplete = (): S3Error =>
  new S3Error(400, 'IncompleteBody', 'The request body ended before the chunks that it announced.')

/** Decodes `Content-Encoding: aws-chunked`: `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n … 0\r\n<trailers>\r\n`. */
export function decodeAwsChunked(data: Buffer): DecodedBody {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const end = data.indexOf('\r\n', at)
    if (end < 0) throw incomplete()
    const size = Number.parseInt(data.toString('latin1', at, end), 16)
    if (!Number.isSafeInteger(size)) throw incomplete()
    at = end + 2
    if (size === 0) break
    if (at + size + 2 > data.length) throw incomplete()
    parts.push(data.subarray(at, at + size))
    at += size + 2
  }
  const trailers: Record<string, string> = {}
  for (const line of data.toString('latin1', at).split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { body: Buffer.concat(parts), trailers }
}
