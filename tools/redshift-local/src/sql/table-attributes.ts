import { sqlError } from '../sql-failure.js'

/** What Redshift knows of a table beyond PostgreSQL. */
export interface TableAttributes {
  readonly distStyle: 'AUTO' | 'EVEN' | 'ALL' | 'KEY'
  readonly distKey: string | null
  readonly sortStyle: 'AUTO' | 'COMPOUND' | 'INTERLEAVED' | null
  readonly sortKey: readonly string[]
  /** By column; what is not named is AUTO. */
  readonly encodings: Readonly<Record<string, string>>
  readonly keys: readonly TableKey[]
}

/** A primary, unique or foreign key: recorded, and never enforced. */
export interface TableKey {
  readonly name: string
  readonly kind: 'PRIMARY KEY' | 'UNIQUE' | 'FOREIGN KEY'
  readonly columns: readonly string[]
  readonly references: {
    readonly schema: string | null
    readonly table: string
    readonly columns: readonly string[]
  } | null
}

export interface ColumnType {
  readonly name: string
  /** Upper case, without length: `VARCHAR`, `DOUBLE PRECISION`. */
  readonly type: string
}

const numbers = ['SMALLINT', 'INTEGER', 'BIGINT', 'DECIMAL']
const times = ['DATE', 'TIMESTAMP', 'TIMESTAMPTZ', 'TIME', 'TIMETZ']
const texts = ['CHAR', 'VARCHAR']
const floats = ['REAL', 'DOUBLE PRECISION']
const all = [...numbers, ...times, ...texts, ...floats, 'BOOLEAN', 'SUPER', 'VARBYTE', 'GEOMETRY', 'HLLSKETCH']

/** Types that each encoding takes (Database Developer Guide, "Compression encodings"). */
const encodingTypes: Readonly<Record<string, readonly string[]>> = {
  AUTO: all,
  RAW: all,
  AZ64: [...numbers, ...times],
  BYTEDICT: [...numbers, ...floats, ...texts, 'DATE', 'TIMESTAMP', 'TIMESTAMPTZ'],
  DELTA: [...numbers, 'DATE', 'TIMESTAMP', 'TIMESTAMPTZ'],
  DELTA32K: ['INTEGER', 'BIGINT', 'DECIMAL', 'DATE', 'TIMESTAMP', 'TIMESTAMPTZ'],
  LZO: [...numbers, ...times, ...texts, 'SUPER', 'VARBYTE'],
  MOSTLY8: ['SMALLINT', 'INTEGER', 'BIGINT', 'DECIMAL'],
  MOSTLY16: ['INTEGER', 'BIGINT', 'DECIMAL'],
  MOSTLY32: ['BIGINT', 'DECIMAL'],
  RUNLENGTH: [...numbers, ...times, ...floats, ...texts, 'BOOLEAN'],
  TEXT255: ['VARCHAR'],
  TEXT32K: ['VARCHAR'],
  ZSTD: all,
}

/** Columns of such a type are no keys, for nothing orders or hashes them. */
const keyless = ['SUPER', 'VARBYTE', 'GEOMETRY', 'HLLSKETCH']

/** @throws SqlFailure for what Redshift refuses */
export function checkAttributes(columns: readonly ColumnType[], attributes: TableAttributes): void {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  const require = (name: string, role: string) => {
    const type = types.get(name)
    if (type === undefined) throw sqlError('42703', `${role} column "${name}" not found`)
    if (keyless.includes(type)) throw sqlError('42P16', `column "${name}" of type ${type} cannot be a ${role}`)
  }
  const { distStyle, distKey, sortStyle, sortKey, encodings, keys } = attributes
  if (distKey !== null) {
    if (distStyle !== 'KEY') throw sqlError('42601', 'Cannot specify DISTKEY for column with DISTSTYLE ' + distStyle)
    require(distKey, 'distkey')
  } else if (distStyle === 'KEY') throw sqlError('42601', 'DISTSTYLE KEY requires a DISTKEY column')
  for (const name of sortKey) require(name, 'sortkey')
  if (new Set(sortKey).size < sortKey.length) throw sqlError('42701', 'a sortkey column is named twice')
  const limit = sortStyle === 'INTERLEAVED' ? 8 : 400
  if (sortKey.length > limit) throw sqlError('54011', `at most ${limit} sortkey columns are allowed`)
  for (const [name, encoding] of Object.entries(encodings)) checkEncoding(name, types.get(name)!, encoding)
  for (const { columns: named } of keys)
    for (const name of named)
      if (!types.has(name)) throw sqlError('42703', `column "${name}" named in key does not exist`)
}

function checkEncoding(name: string, type: string, encoding: string): void {
  const taken = encodingTypes[encoding]
  if (taken === undefined) throw sqlError('42601', `unrecognized encoding "${encoding}"`)
  if (!taken.includes(type))
    throw sqlError('42P16', `invalid encoding type specified for column "${name}": ${encoding} of ${type}`)
}
