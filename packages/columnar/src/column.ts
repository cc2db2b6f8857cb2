import { maxInt64DecimalPrecision, type DataType } from '@deltaworks/schema'

/**
 * A column of a batch: Arrow's layout at addresses in a Heap. All addresses are bytes from the heap's start; 0 is "absent".
 *
 * | type                            | values                                   | offsets                  | children |
 * |---------------------------------|------------------------------------------|--------------------------|----------|
 * | boolean                         | bitmap, least significant bit first      |                          |          |
 * | int8, int16, int32, int64       | 1, 2, 4, 8 bytes a row                   |                          |          |
 * | float32, float64                | 4, 8 bytes                               |                          |          |
 * | date                            | int32 days                               |                          |          |
 * | timestamp, timestamp_ntz        | int64 microseconds                       |                          |          |
 * | decimal, precision <= 18        | int64 unscaled                           |                          |          |
 * | decimal, precision > 18         | 16 bytes, little endian two's complement |                          |          |
 * | string, binary, variant         | bytes                                    | length + 1 int32         |          |
 * | the same with `dictionary`      | int32 codes into `dictionary`            |                          |          |
 * | list                            |                                          | length + 1 int32         | element  |
 * | map                             |                                          | length + 1 int32         | key, value |
 * | struct                          |                                          |                          | fields   |
 * | null                            |                                          |                          |          |
 *
 * Buffers need not start at row 0 of anything: a column has no offset of its own. `offsets[0]` may be other than 0 (a slice
 * shares `values`). Slots under a null hold anything; a code under a null is a valid index or 0.
 */
export interface Column {
  readonly type: DataType
  readonly length: number
  /** Address of the validity bitmap (bit set = not null), or 0: no row is null. */
  readonly validity: number
  /** Exact, or -1 if not known. 0 whenever `validity` is 0. */
  readonly nullCount: number
  readonly values: number
  readonly offsets: number
  /** Distinct values of a dictionary-encoded string, binary or variant column; never itself dictionary-encoded. */
  readonly dictionary: Column | null
  readonly children: readonly Column[]
}

/** Bytes of a row's slot in `values`; 0 for boolean (a bit), null and nested types. Strings: 1 (a byte of text). */
export function byteWidth(type: DataType): number {
  switch (type.kind) {
    case 'int8':
      return 1
    case 'int16':
      return 2
    case 'int32':
    case 'float32':
    case 'date':
      return 4
    case 'int64':
    case 'float64':
    case 'timestamp':
    case 'timestamp_ntz':
      return 8
    case 'decimal':
      return type.precision <= maxInt64DecimalPrecision ? 8 : 16
    case 'string':
    case 'binary':
    case 'variant':
      return 1
    case 'boolean':
    case 'null':
    case 'list':
    case 'map':
    case 'struct':
      return 0
  }
}

/** A fixed-width column without nulls; see `Column` for what goes where. */
export const fixedColumn = (type: DataType, length: number, values: number, validity = 0, nullCount = 0): Column => ({
  type,
  length,
  validity,
  nullCount: validity === 0 ? 0 : nullCount,
  values,
  offsets: 0,
  dictionary: null,
  children: [],
})

export const variableColumn = (
  type: DataType,
  length: number,
  offsets: number,
  values: number,
  validity = 0,
  nullCount = 0,
): Column => ({
  type,
  length,
  validity,
  nullCount: validity === 0 ? 0 : nullCount,
  values,
  offsets,
  dictionary: null,
  children: [],
})

export const dictionaryColumn = (
  dictionary: Column,
  length: number,
  codes: number,
  validity = 0,
  nullCount = 0,
): Column => ({
  type: dictionary.type,
  length,
  validity,
  nullCount: validity === 0 ? 0 : nullCount,
  values: codes,
  offsets: 0,
  dictionary,
  children: [],
})

export const nestedColumn = (
  type: DataType,
  length: number,
  offsets: number,
  children: readonly Column[],
  validity = 0,
  nullCount = 0,
): Column => ({
  type,
  length,
  validity,
  nullCount: validity === 0 ? 0 : nullCount,
  values: 0,
  offsets,
  dictionary: null,
  children,
})
