/** Collects a file's bytes in plain (not shared) memory: small pieces go into blocks, large ones stay as they are. */
export class FileOutput {
  readonly #onPart: ((part: Uint8Array) => void) | null
  readonly parts: Uint8Array[] = []
  #block: Uint8Array<ArrayBuffer>
  #used = 0
  #sizeBytes = 0

  constructor(onPart: ((part: Uint8Array) => void) | null) {
    this.#onPart = onPart
    this.#block = new Uint8Array(8192)
  }

  /** Bytes written so far: where the next piece will stand in the file. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Copies the bytes. */
  write(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length
    if (bytes.length > this.#block.length - this.#used) this.#makeRoom(bytes.length)
    this.#block.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** Takes the bytes as a part of their own, without copying. They must not change any more. */
  take(bytes: Uint8Array): void {
    if (bytes.length < 4096) {
      this.write(bytes)
      return
    }
    this.#seal()
    this.#sizeBytes += bytes.length
    this.#emit(bytes)
  }

  finish(): void {
    this.#seal()
  }

  #makeRoom(bytes: number): void {
    const size = Math.min(Math.max(this.#block.length * 4, bytes), Math.max(maxBlockBytes, bytes))
    if (this.#used > 0 && this.#used + bytes <= size && this.#block.length < maxBlockBytes) {
      const larger = new Uint8Array(size)
      larger.set(this.#block.subarray(0, this.#used))
      this.#block = larger
      return
    }
    this.#seal()
    this.#block = new Uint8Array(Math.max(size, bytes))
  }

  #seal(): void {
    if (this.#used === 0) return
    this.#emit(this.#block.subarray(0, this.#used))
    this.#block = this.#block.subarray(this.#used)
    this.#used = 0
  }

  #emit(part: Uint8Array): void {
    if (this.#onPart === null) this.parts.push(part)
    else this.#onPart(part)
  }
}

const maxBlockBytes = 1_048_576
