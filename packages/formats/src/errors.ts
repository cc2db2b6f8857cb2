import { DeltaworksError, type ErrorDetails, type Fault } from '@deltaworks/schema'

export class FormatError extends DeltaworksError {
  override readonly name = 'FormatError'

  constructor(code: string, fault: Fault, message: string, details?: ErrorDetails, cause?: unknown) {
    super(code, fault, legible(message), details, cause)
  }
}

const headLength = 600
const tailLength = 300

/** What a damaged file says of itself stands in messages: without control characters, and cut where it is endless. */
function legible(message: string): string {
  const text = message.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(/\p{Cc}/gu, '\uFFFD')
  return text.length <= headLength + tailLength ? text : `${text.slice(0, headLength)} … ${text.slice(-tailLength)}`
}

/* DW-FORMAT-0001 to 0029: Parquet; 0030 to 0069: CSV and JSON. */

export const notParquet = (path: string, why: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0001',
    'data',
    `${path} is not a Parquet file: ${why}. Check that the path is right and that the file was written to its end.`,
    { path },
  )

export const corruptParquet = (path: string, what: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0002',
    'data',
    `${path} is damaged: ${what}. Write the file again, or restore it from its source.`,
    { path, what },
  )

export const unsupportedParquet = (path: string, what: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0003',
    'unsupported',
    `${path} cannot be read: it uses ${what}, which Deltaworks does not implement. Write the file again without it.`,
    { path, what },
  )

export const typeMismatch = (path: string, column: string, fileType: string, wanted: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0004',
    'data',
    `Column "${column}" of ${path} is ${fileType} in the file and cannot be read as ${wanted}. Correct the schema, or write the file again.`,
    { path, column, fileType, wanted },
  )

export const valueOutOfRange = (path: string, column: string, wanted: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0005',
    'data',
    `Column "${column}" of ${path} holds a value that does not fit ${wanted}. Read it as a wider type.`,
    { path, column, wanted },
  )

export const unwritableType = (column: string, type: string, why: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0006',
    'unsupported',
    `Column "${column}" of type ${type} cannot be written to Parquet: ${why}. Nothing was written. Cast or drop the column.`,
    { column, type },
  )

export const codecUnavailable = (codec: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0007',
    'unsupported',
    `This Node.js (${process.version}) cannot compress with ${codec}. Nothing was written. Choose snappy, gzip or none, or use Node.js 22.15 or newer.`,
    { codec },
  )

export const nullInRequired = (column: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0009',
    'data',
    `Column "${column}" is declared not null, and a row to be written has a null in it. Nothing was written. Correct the row, or make the column nullable.`,
    { column },
  )

export const unwritableEncoding = (column: string, encoding: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0010',
    'usage',
    `Column "${column}" cannot be written with the encoding ${encoding}: its type has no such encoding. Nothing was written. Choose auto or plain.`,
    { column, encoding },
  )

export const invalidWriteOption = (option: string, value: unknown, wanted: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0012',
    'usage',
    `The write option ${option} is ${String(value)}, but must be ${wanted}. Nothing was written.`,
    { option, value: String(value) },
  )

export const unknownWriteColumn = (column: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0011',
    'usage',
    `The write options name the column "${column}", which the schema does not have. Nothing was written. Correct the name (members of structs: dotted).`,
    { column },
  )

export const duplicateFileColumn = (path: string, column: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0008',
    'data',
    `${path} has more than one column that "${column}" may mean when case is ignored. Ask for it with its exact name.`,
    { path, column },
  )

export const invalidCsvOption = (option: string, value: unknown, wanted: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0030',
    'usage',
    `The option ${option} is ${JSON.stringify(value)}, but must be ${wanted}.`,
    { option, value: String(value) },
  )

export const invalidPattern = (pattern: string, why: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0031',
    'usage',
    `"${pattern}" is not a usable date or time pattern: ${why}. Use Java's letters, as in yyyy-MM-dd HH:mm:ss.`,
    { pattern },
  )

export const emptyFile = (path: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0032',
    'data',
    `${path} is empty: it has not even a header. Deliver the file again, or remove it.`,
    { path },
  )

export const notText = (path: string, kind: string, why: string): FormatError =>
  new FormatError('DW-FORMAT-0033', 'data', `${path} is not a ${kind} file: ${why}. Check what was delivered.`, {
    path,
  })

export const malformedRow = (
  path: string,
  line: number,
  column: string | null,
  reason: string,
  rawRecord: string,
): FormatError =>
  new FormatError(
    'DW-FORMAT-0034',
    'data',
    `${path}, line ${line}: ${reason}. Correct the row, or read with mode permissive to set such rows aside.`,
    { path, line, column, reason, rawRecord },
  )

export const missingColumns = (path: string, missing: readonly string[], header: readonly string[]): FormatError =>
  new FormatError(
    'DW-FORMAT-0035',
    'data',
    `${path} lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}. Its header has: ${shortList(header)}. Deliver the file with them, or declare them as not required.`,
    { path, columns: missing, header },
  )

export const extraColumns = (path: string, extra: readonly string[], declared: readonly string[]): FormatError =>
  new FormatError(
    'DW-FORMAT-0036',
    'data',
    `${path} has the undeclared column${extra.length > 1 ? 's' : ''} ${extra.join(', ')}. Declared are: ${shortList(declared)}. Declare them, or read with extraColumns ignore or rescue.`,
    { path, columns: extra },
  )

export const tooManyColumns = (path: string, count: number, limit: number): FormatError =>
  new FormatError(
    'DW-FORMAT-0037',
    'data',
    `The first line of ${path} has ${count} columns; the limit is ${limit}. Check the separator, or raise maxColumns.`,
    { path, count, limit },
  )

/** Why a row that is kept as far as it goes is malformed. */
export const rowTooLongReason = (limitBytes: number): string =>
  `the row is longer than ${limitBytes} bytes; its start is kept`

export const rowTooLong = (path: string, line: number, limitBytes: number): FormatError =>
  new FormatError(
    'DW-FORMAT-0038',
    'data',
    `${path}, line ${line}: the row is longer than ${limitBytes} bytes. Check the line separator, or raise maxRowBytes.`,
    { path, line, limitBytes },
  )

export const unreadableType = (path: string, column: string, type: string, kind: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0039',
    'unsupported',
    `Column "${column}" of ${path} cannot be read as ${type}: ${kind} has no form for it. Read it as string and convert it.`,
    { path, column, type },
  )

export const ambiguousHeader = (path: string, column: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0040',
    'data',
    `The header of ${path} names the column "${column}" more than once. Rename one of them.`,
    { path, column },
  )

export const unknownEncoding = (encoding: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0041',
    'usage',
    `The encoding "${encoding}" is not known. Use utf-8, utf-16le, utf-16be, iso-8859-1 or windows-1252.`,
    { encoding },
  )

const shortList = (names: readonly string[]): string =>
  names.length > 40 ? `${names.slice(0, 40).join(', ')}, …` : names.join(', ')

/* DW-FORMAT-0070 to 0079: Arrow IPC; 0080 to 0089: Avro. */

export const notArrow = (path: string, why: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0070',
    'data',
    `${path} is no Arrow IPC file or stream: ${why}. Check that the path is right and that the file was written to its end.`,
    { path },
  )

export const corruptArrow = (path: string, what: string): FormatError =>
  new FormatError('DW-FORMAT-0071', 'data', `${path} is damaged: ${what}. Write the file again.`, { path, what })

export const unsupportedArrow = (path: string, what: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0072',
    'unsupported',
    `${path} cannot be read: it has ${what}, which Deltaworks does not implement. Write the file again without it.`,
    { path, what },
  )

export const notAvro = (path: string, why: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0080',
    'data',
    `${path} is no Avro file: ${why}. Check that the path is right and that the file was written to its end.`,
    { path },
  )

export const corruptAvro = (path: string, what: string): FormatError =>
  new FormatError('DW-FORMAT-0081', 'data', `${path} is damaged: ${what}. Write the file again.`, { path, what })

export const unsupportedAvro = (path: string, what: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0082',
    'unsupported',
    `${path} cannot be read: it has ${what}, which Deltaworks does not implement. Write the file again without it.`,
    { path, what },
  )
