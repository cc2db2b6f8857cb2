import type { FileScan } from './file-scan.js'

/** A row that was left out. */
export interface BadRecord {
  readonly record: string
  readonly reason: string
  readonly line: number
  readonly byteOffset: number
}

/** Malformed rows of one scan, on their way to a file of JSON lines beside the data. */
export class BadRecords {
  readonly #scan: FileScan
  readonly #folder: string
  readonly #lines: string[] = []

  constructor(scan: FileScan, folder: string) {
    this.#scan = scan
    this.#folder = folder.replace(/\/+$/, '')
  }

  add(record: BadRecord): void {
    this.#lines.push(JSON.stringify({ path: this.#scan.path, ...record }))
  }

  /** Writes them, if there are any. A repeated scan writes the same file again. */
  async write(): Promise<void> {
    if (this.#lines.length === 0) return
    const { store, path, byteRange } = this.#scan
    const name = `${path.replaceAll('/', '_')}-${byteRange?.start ?? 0}.json`
    await store.put(`${this.#folder}/${name}`, new TextEncoder().encode(`${this.#lines.join('\n')}\n`), 'overwrite')
  }
}
