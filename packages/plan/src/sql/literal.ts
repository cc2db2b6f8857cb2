import type { Literal } from '@deltaworks/expression'
import {
  binary,
  boolean,
  decimal,
  float64,
  int32,
  int64,
  nullType,
  parseDecimal,
  string,
  type DecimalType,
} from '@deltaworks/schema'
import type { A_Const } from 'libpg-query'
import { sqlInvalid, sqlUnsupported } from '../errors.js'
import type { SqlText } from './sql-text.js'

const literal = (value: Literal['value'], type: Literal['type']): Literal => ({ kind: 'literal', value, type })

/** 1.10 is decimal(3,2), exact; 1e5 is a double; a whole number is int, bigint or decimal, whichever holds it (as in Spark). */
export function literalOf(constant: A_Const, text: SqlText): Literal {
  if (constant.isnull === true) return literal(null, nullType)
  if ('ival' in constant) return literal(constant.ival?.ival ?? 0, int32)
  if ('boolval' in constant) return literal(constant.boolval?.boolval ?? false, boolean)
  if ('sval' in constant) return literal(constant.sval?.sval ?? '', string)
  if ('fval' in constant) return numberOf(constant.fval?.fval ?? '0', constant, text)
  if ('bsval' in constant && /^x([0-9a-f]{2})*$/i.test(constant.bsval?.bsval ?? '')) {
    return literal(new Uint8Array(Buffer.from(constant.bsval!.bsval!.slice(1), 'hex')), binary)
  }
  throw sqlUnsupported('A bit string', text.position(constant.location))
}

function numberOf(digits: string, constant: A_Const, text: SqlText): Literal {
  const plain = digits.replaceAll('_', '')
  if (/^-?\d+$/.test(plain)) {
    const value = BigInt(plain)
    if (value >= -(2n ** 63n) && value < 2n ** 63n) return literal(value, int64)
  }
  if (!/^-?\d*\.?\d*$/.test(plain)) return literal(Number(plain), float64)
  const type = decimalTypeOf(plain)
  if (type === null) throw sqlInvalid(`The number ${digits} has more than 38 digits`, text.position(constant.location))
  return literal(parseDecimal(plain, type), type)
}

function decimalTypeOf(digits: string): DecimalType | null {
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.')
  const scale = fraction.length
  const precision = Math.max(whole.replace(/^0+/, '').length + scale, scale, 1)
  return precision <= 38 ? decimal(precision, scale) : null
}
