import type { DeltaTable } from '@deltaworks/delta-table'
import { addRowSums, noRows, type RowSums } from '@deltaworks/engine'
import { typesEqual, type Schema } from '@deltaworks/schema'
import { latestPublication } from './publication.js'
import { hashText, sumsOfHash } from './table-hash.js'

/** Rows that were added to a table, as they were added up when they were written. */
export interface AddedRows {
  readonly sums: RowSums
  readonly schema: Schema
  /** Version that they were added to; -1: they made the table. */
  readonly former: number
}

/** Hashes of tables that a run has added to: the published hash of what was there and the sums of what came give them, and no row is read. */
export class WrittenHashes {
  readonly #root: string
  readonly #known = new Map<string, { readonly version: number; readonly hash: string }>()

  constructor(root: string) {
    this.#root = root
  }

  async added(path: string, written: DeltaTable, { sums, schema, former }: AddedRows): Promise<void> {
    // Somebody else may have committed between.
    if (written.version !== former + 1 || !isSame(written.schema, schema)) return
    const before = former < 0 ? noRows : await this.#published(path, former)
    if (before === null) return
    this.#known.set(path, { version: written.version, hash: hashText(addRowSums(before, sums)) })
  }

  /** Null: it is not known, and the rows tell. */
  of(path: string, version: number): string | null {
    const known = this.#known.get(path)
    return known?.version === version ? known.hash : null
  }

  async #published(path: string, version: number): Promise<RowSums | null> {
    const latest = await latestPublication(this.#root)
    const hash = latest?.versions[path] === version ? latest.hashes[path] : undefined
    return hash === undefined ? null : sumsOfHash(hash)
  }
}

const isSame = (table: Schema, written: Schema): boolean =>
  table.fields.length === written.fields.length &&
  table.fields.every(({ name, type }, i) => {
    const other = written.fields[i]!
    // A variant has another form in files than in memory.
    return name === other.name && typesEqual(type, other.type) && type.kind !== 'variant'
  })
