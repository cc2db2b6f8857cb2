import type { RedshiftEncoding } from '../table-layout.js'
import type { ColumnDefinition, TableDefinition } from './sql-dialect.js'

/** Share of different values below which a dictionary of 256 entries a block pays. */
const dictionaryShare = 0.01
const dictionaryEntries = 255

export interface EncodingAdvice {
  readonly encoding: RedshiftEncoding
  /** Why, for the dry run. */
  readonly reason: string
}

/**
 * A column's encoding: what the definition says; RAW for the first sort key (a compressed one makes range-restricted scans
 * read too many rows: Database Developer Guide, "Choose the best sort key"), else by type and by what is known of its values,
 * as `ANALYZE COMPRESSION` would choose from a sample.
 */
export function adviseEncoding(
  { name, field, profile }: ColumnDefinition,
  { layout }: TableDefinition,
): EncodingAdvice {
  const declared = layout.encodings?.[name]
  if (declared !== undefined) return { encoding: declared, reason: 'declared' }
  const { sort } = layout
  if (sort !== undefined && sort.style !== 'auto' && sort.columns.includes(name))
    return { encoding: 'RAW', reason: 'sort key' }
  switch (field.type.kind) {
    case 'boolean':
      return { encoding: 'ZSTD', reason: 'boolean' }
    case 'float32':
    case 'float64':
      return { encoding: 'ZSTD', reason: 'floating point has no encoding of its own' }
    case 'string':
      return fewValues(profile)
        ? { encoding: 'BYTEDICT', reason: `${profile!.distinct} different values` }
        : { encoding: 'ZSTD', reason: 'text' }
    case 'binary':
    case 'list':
    case 'map':
    case 'struct':
    case 'variant':
      return { encoding: 'ZSTD', reason: 'bytes or nested values' }
    default:
      return { encoding: 'AZ64', reason: 'numbers and times' }
  }
}

/** Above about a block of values, few different ones make a dictionary of one byte a value. */
const fewValues = (profile: ColumnDefinition['profile']): boolean =>
  profile?.distinct !== undefined &&
  profile.distinct <= dictionaryEntries &&
  profile.rowCount !== undefined &&
  profile.distinct <= profile.rowCount * dictionaryShare
