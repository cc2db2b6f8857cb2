import { closeSync, openSync, writeSync } from 'node:fs'

const chunkCharacters = 1 << 20

/** A file written in chunks of about a megabyte, so that memory does not grow with it. */
export class TextFile {
  readonly #descriptor: number
  #text = ''
  #sizeBytes = 0

  constructor(path: string) {
    this.#descriptor = openSync(path, 'w')
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  write(text: string): void {
    this.#text += text
    if (this.#text.length >= chunkCharacters) this.#flush()
  }

  close(): void {
    this.#flush()
    closeSync(this.#descriptor)
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text, 'utf8')
    for (let at = 0; at < bytes.byteLength;) at += writeSync(this.#descriptor, bytes, at)
    this.#sizeBytes += bytes.byteLength
    this.#text = ''
  }
}
