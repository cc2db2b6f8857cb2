import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { bunzip2 } from './bzip2.js'
import type { ByteStream } from './byte-stream.js'

export type Compression = 'gzip' | 'zstd' | 'bzip2' | 'deflate'

/** What a codec of Node's gives at once: its own 16 KiB make more events than work of a large file. */
const chunkSize = 256 * 1024

/** Uncompresses as bytes come. @throws what the codec throws if the bytes are damaged or end too early */
export async function* decompress(source: ByteStream, compression: Compression): ByteStream {
  switch (compression) {
    case 'gzip':
      return yield* through(source, zlib.createGunzip({ chunkSize }))
    case 'deflate':
      return yield* through(source, zlib.createInflateRaw({ chunkSize }))
    case 'bzip2':
      return yield* bunzip2(source)
    case 'zstd':
      return yield* unzstd(source)
  }
}

async function* through(source: ByteStream, transform: Transform): ByteStream {
  const done = pipeline(Readable.from(source), transform)
  // It is told where the bytes are taken.
  done.catch(() => undefined)
  try {
    for await (const chunk of transform) yield chunk as Uint8Array
  } finally {
    transform.destroy()
  }
  await done
}

type ZstdFactory = { readonly createZstdDecompress?: () => Transform }

/** Node's own from 22.15 on; a decoder in JavaScript before. */
async function* unzstd(source: ByteStream): ByteStream {
  const create = (zlib as ZstdFactory).createZstdDecompress
  if (create !== undefined) return yield* through(source, create())
  const { Decompress } = await import('fzstd')
  let made: Uint8Array[] = []
  let ended = false
  let fed = false
  const stream = new Decompress((chunk, last) => {
    if (chunk.byteLength > 0) made.push(chunk.slice())
    ended = last === true
  })
  for await (const chunk of source) {
    fed = true
    stream.push(chunk)
    yield* made
    made = []
  }
  stream.push(new Uint8Array(0), true)
  yield* made
  if (!fed || !ended) throw new Error('it ends in the middle')
}
