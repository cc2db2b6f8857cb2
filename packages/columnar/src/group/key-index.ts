import type { Arena } from '../arena.js'
import type { Column } from '../column.js'

/** What to do with nulls in a key: `group` makes them equal keys, `skip` gives their rows group -1. */
export type NullKeys = 'group' | 'skip'

/** Distinct keys of one form, numbered as they first come. */
export interface KeyIndex<Keys> {
  readonly groupCount: number
  /** Writes the group of each row to int32[rowCount] at `groupIds`, making new groups as needed. */
  insert(keys: Keys, rowCount: number, groupIds: number): void
  /** Like `insert`, but a key that is not there gets -1. */
  lookup(keys: Keys, rowCount: number, groupIds: number): void
  keys(arena: Arena): Column[]
  close(): void
}

/** Values at an address, with a validity bitmap or 0. */
export interface WordKeys {
  readonly words: number
  readonly validity: number
}

export interface TextKeys {
  readonly offsets: number
  readonly values: number
  readonly validity: number
}
