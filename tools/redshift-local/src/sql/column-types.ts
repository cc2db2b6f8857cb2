import { sqlError, unsupported } from '../sql-failure.js'
import { isWord, type Token, type TokenReader } from './tokens.js'

export interface ParsedType {
  /** Redshift's name of it, upper case, without length. */
  readonly redshift: string
  /** What PostgreSQL has for it. */
  readonly postgres: string
  /** Bytes that a text holds; null: no text. */
  readonly maxBytes: number | null
}

const simple: Readonly<Record<string, readonly [redshift: string, postgres: string]>> = {
  SMALLINT: ['SMALLINT', 'SMALLINT'],
  INT2: ['SMALLINT', 'SMALLINT'],
  INTEGER: ['INTEGER', 'INTEGER'],
  INT: ['INTEGER', 'INTEGER'],
  INT4: ['INTEGER', 'INTEGER'],
  BIGINT: ['BIGINT', 'BIGINT'],
  INT8: ['BIGINT', 'BIGINT'],
  REAL: ['REAL', 'REAL'],
  FLOAT4: ['REAL', 'REAL'],
  FLOAT: ['DOUBLE PRECISION', 'DOUBLE PRECISION'],
  FLOAT8: ['DOUBLE PRECISION', 'DOUBLE PRECISION'],
  BOOLEAN: ['BOOLEAN', 'BOOLEAN'],
  BOOL: ['BOOLEAN', 'BOOLEAN'],
  DATE: ['DATE', 'DATE'],
  TIMESTAMPTZ: ['TIMESTAMPTZ', 'TIMESTAMPTZ'],
  SUPER: ['SUPER', 'JSONB'],
}
const maxTextBytes = 65_535

/** Reads a column's type. @throws SqlFailure for types that Redshift has not, or that are too long */
export function parseType(reader: TokenReader): ParsedType {
  const word = reader.next()
  const name = word.text.toUpperCase()
  const plain = simple[name]
  if (plain !== undefined) return { redshift: plain[0], postgres: plain[1], maxBytes: null }
  switch (name) {
    case 'DOUBLE':
      reader.expectWords('PRECISION')
      return { redshift: 'DOUBLE PRECISION', postgres: 'DOUBLE PRECISION', maxBytes: null }
    case 'DECIMAL':
    case 'NUMERIC':
      return decimalType(reader)
    case 'TIMESTAMP':
      if (reader.takeWords('WITH', 'TIME', 'ZONE'))
        return { redshift: 'TIMESTAMPTZ', postgres: 'TIMESTAMPTZ', maxBytes: null }
      reader.takeWords('WITHOUT', 'TIME', 'ZONE')
      return { redshift: 'TIMESTAMP', postgres: 'TIMESTAMP', maxBytes: null }
    case 'TEXT':
      return textType('VARCHAR', 256)
    case 'CHARACTER':
      return reader.takeWords('VARYING')
        ? textType('VARCHAR', textLength(reader, 256))
        : textType('CHAR', textLength(reader, 1, 4096))
    case 'VARCHAR':
    case 'NVARCHAR':
      return textType('VARCHAR', textLength(reader, 256))
    case 'CHAR':
    case 'BPCHAR':
      return textType('CHAR', textLength(reader, 1, 4096))
    case 'VARBYTE':
    case 'VARBINARY':
      return { redshift: 'VARBYTE', postgres: 'BYTEA', maxBytes: textLength(reader, 64_000, 16_777_216) }
    default:
      throw unsupported(`The type "${word.text}"`)
  }
}

const textType = (redshift: 'VARCHAR' | 'CHAR', bytes: number): ParsedType => ({
  redshift,
  postgres: `${redshift}(${bytes})`,
  maxBytes: bytes,
})

function textLength(reader: TokenReader, otherwise: number, limit = maxTextBytes): number {
  if (!reader.takeSymbol('(')) return otherwise
  const length = isWord(reader.current, 'MAX') ? limit : Number(reader.current?.text)
  reader.next()
  reader.expectSymbol(')')
  if (!(Number.isInteger(length) && length >= 1 && length <= limit))
    throw sqlError('22023', `length for type varchar must be from 1 to ${limit}`)
  return length
}

function decimalType(reader: TokenReader): ParsedType {
  let [precision, scale] = [18, 0]
  if (reader.takeSymbol('(')) {
    precision = Number(reader.next().text)
    if (reader.takeSymbol(',')) scale = Number(reader.next().text)
    reader.expectSymbol(')')
  }
  if (!(precision >= 1 && precision <= 38))
    throw sqlError('22023', `DECIMAL precision ${precision} must be from 1 to 38`)
  if (!(scale >= 0 && scale <= Math.min(precision, 37)))
    throw sqlError('22023', `DECIMAL scale ${scale} must be from 0 to precision ${precision}`)
  return { redshift: 'DECIMAL', postgres: `NUMERIC(${precision},${scale})`, maxBytes: null }
}

/** Types of PostgreSQL that Redshift does not have. */
export const foreignTypes = ['JSON', 'JSONB', 'BYTEA', 'UUID', 'SERIAL', 'BIGSERIAL', 'MONEY', 'INET', 'XML', 'HSTORE']
export const isForeignType = (token: Token): boolean => isWord(token, ...foreignTypes)
