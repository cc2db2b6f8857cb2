import { sqlError, unsupported } from '../sql-failure.js'
import { TokenReader, type RelationName, type Token } from './tokens.js'

export interface CopyStatement {
  readonly relation: RelationName
  /** Null: all of the table's. */
  readonly columns: readonly string[] | null
  /** `s3://bucket/prefix`, or a manifest. */
  readonly from: string
  readonly isManifest: boolean
  readonly format: 'PARQUET' | 'CSV' | 'JSON'
  readonly region: string | null
  readonly serializeToJson: boolean
  readonly fillRecord: boolean
  readonly ignoreHeader: number
  readonly delimiter: string
  readonly maxErrors: number
  readonly nullAs: string | null
}

export interface UnloadStatement {
  readonly query: string
  readonly to: string
  readonly format: 'PARQUET' | 'CSV'
  readonly hasManifest: boolean
  readonly allowOverwrite: boolean
  readonly cleanPath: boolean
  readonly header: boolean
}

const roleArn = /^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/

/** `IAM_ROLE { default | 'arn' }`. Keys in a statement are refused: they end up in logs. */
function takeAuthorization(reader: TokenReader): boolean {
  if (reader.takeWords('IAM_ROLE')) {
    if (reader.takeWords('DEFAULT')) return true
    const arn = reader.text()
    if (arn.toLowerCase() !== 'default' && !arn.split(',').every((one) => roleArn.test(one)))
      throw sqlError('28000', `Invalid IAM role ARN "${arn}"`)
    return true
  }
  if (reader.peekWord('CREDENTIALS') || reader.peekWord('ACCESS_KEY_ID'))
    throw unsupported('Access by keys in the statement')
  return false
}

/** Options that COPY takes from columnar files (Database Developer Guide, "COPY from columnar data formats"). */
const rowOptions = ['IGNOREHEADER', 'DELIMITER', 'NULL', 'MAXERROR', 'TRUNCATECOLUMNS', 'COMPUPDATE', 'GZIP', 'QUOTE']

/** @throws SqlFailure for options that COPY does not take together */
export function parseCopy(tokens: readonly Token[]): CopyStatement {
  const reader = new TokenReader(tokens)
  reader.expectWords('COPY')
  const relation = reader.relation()
  const hasColumns = reader.current?.text === '('
  const columns = hasColumns ? reader.nameList() : null
  reader.expectWords('FROM')
  const from = reader.text()
  if (!from.startsWith('s3://')) throw unsupported('COPY from anything but s3://')
  let authorized = false
  const rowOnly: string[] = []
  const options: Record<string, unknown> = {}
  while (!reader.isAtEnd) {
    const word = reader.current!.text.toUpperCase()
    if (takeAuthorization(reader)) authorized = true
    else if (!takeFormat(reader, options) && !takeOption(reader, options)) throw reader.unexpected('an option of COPY')
    if (rowOptions.includes(word)) rowOnly.push(word)
  }
  if (!authorized) throw sqlError('42601', 'COPY needs IAM_ROLE')
  const format = (options['format'] as CopyStatement['format'] | undefined) ?? 'CSV'
  if (format === 'PARQUET' && rowOnly.length > 0) throw sqlError('0A000', `${rowOnly[0]} is not supported for PARQUET`)
  return {
    relation,
    columns,
    from,
    format,
    isManifest: options['manifest'] === true,
    region: (options['region'] as string | undefined) ?? null,
    serializeToJson: options['serializeToJson'] === true,
    fillRecord: options['fillRecord'] === true,
    ignoreHeader: (options['ignoreHeader'] as number | undefined) ?? 0,
    delimiter: (options['delimiter'] as string | undefined) ?? ',',
    maxErrors: (options['maxErrors'] as number | undefined) ?? 0,
    nullAs: (options['nullAs'] as string | undefined) ?? null,
  }
}

function takeFormat(reader: TokenReader, options: Record<string, unknown>): boolean {
  const wasNamed = reader.takeWords('FORMAT')
  if (wasNamed) reader.takeWords('AS')
  if (reader.takeWords('PARQUET')) options['format'] = 'PARQUET'
  else if (reader.takeWords('CSV')) options['format'] = 'CSV'
  else if (reader.takeWords('JSON')) {
    options['format'] = 'JSON'
    reader.takeWords('AS')
    if (reader.current?.kind === 'text') reader.next()
  } else if (wasNamed) throw unsupported(`The format ${reader.current?.text ?? ''}`)
  else return false
  return true
}

function takeOption(reader: TokenReader, options: Record<string, unknown>): boolean {
  if (reader.takeWords('MANIFEST')) options['manifest'] = true
  else if (reader.takeWords('SERIALIZETOJSON')) options['serializeToJson'] = true
  else if (reader.takeWords('FILLRECORD')) options['fillRecord'] = true
  else if (reader.takeWords('REGION')) {
    reader.takeWords('AS')
    options['region'] = reader.text()
  } else if (reader.takeWords('IGNOREHEADER')) {
    reader.takeWords('AS')
    options['ignoreHeader'] = Number(reader.next().text)
  } else if (reader.takeWords('DELIMITER')) {
    reader.takeWords('AS')
    options['delimiter'] = reader.text()
  } else if (reader.takeWords('NULL')) {
    reader.takeWords('AS')
    options['nullAs'] = reader.text()
  } else if (reader.takeWords('MAXERROR')) {
    reader.takeWords('AS')
    options['maxErrors'] = Number(reader.next().text)
  } else if (reader.takeWords('STATUPDATE') || reader.takeWords('COMPUPDATE')) {
    // They tell the planner and the encodings, of which there are none here.
    if (!reader.takeWords('ON') && !reader.takeWords('OFF') && !reader.takeWords('TRUE')) reader.takeWords('FALSE')
  } else if (reader.takeWords('ACCEPTINVCHARS')) {
    reader.takeWords('AS')
    if (reader.current?.kind === 'text') reader.next()
  } else return false
  return true
}

/** @throws SqlFailure */
export function parseUnload(tokens: readonly Token[]): UnloadStatement {
  const reader = new TokenReader(tokens)
  reader.expectWords('UNLOAD')
  reader.expectSymbol('(')
  const query = reader.text()
  reader.expectSymbol(')')
  reader.expectWords('TO')
  const to = reader.text()
  if (!to.startsWith('s3://')) throw unsupported('UNLOAD to anything but s3://')
  let [authorized, hasManifest, allowOverwrite, cleanPath, header] = [false, false, false, false, false]
  let format: UnloadStatement['format'] = 'CSV'
  while (!reader.isAtEnd) {
    if (takeAuthorization(reader)) authorized = true
    else if (reader.takeWords('FORMAT')) {
      reader.takeWords('AS')
      if (reader.takeWords('PARQUET')) format = 'PARQUET'
      else if (!reader.takeWords('CSV')) throw unsupported(`The format ${reader.current?.text ?? ''}`)
    } else if (reader.takeWords('PARQUET')) format = 'PARQUET'
    else if (reader.takeWords('CSV')) format = 'CSV'
    else if (reader.takeWords('MANIFEST')) {
      hasManifest = true
      reader.takeWords('VERBOSE')
    } else if (reader.takeWords('ALLOWOVERWRITE')) allowOverwrite = true
    else if (reader.takeWords('CLEANPATH')) cleanPath = true
    else if (reader.takeWords('HEADER')) header = true
    else if (reader.takeWords('PARALLEL')) reader.next()
    else if (reader.takeWords('REGION')) {
      reader.takeWords('AS')
      reader.text()
    } else if (reader.takeWords('MAXFILESIZE')) {
      reader.takeWords('AS')
      reader.next()
      if (!reader.takeWords('MB')) reader.takeWords('GB')
    } else throw reader.unexpected('an option of UNLOAD')
  }
  if (!authorized) throw sqlError('42601', 'UNLOAD needs IAM_ROLE')
  if (allowOverwrite && cleanPath) throw sqlError('42601', 'ALLOWOVERWRITE and CLEANPATH cannot be given together')
  return { query, to, format, hasManifest, allowOverwrite, cleanPath, header }
}
