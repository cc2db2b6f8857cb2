import { DeltaworksError } from '@deltaworks/schema'

export class FormatError extends DeltaworksError {
  override readonly name = 'FormatError'
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

export const duplicateFileColumn = (path: string, column: string): FormatError =>
  new FormatError(
    'DW-FORMAT-0008',
    'data',
    `${path} has more than one column that "${column}" may mean when case is ignored. Ask for it with its exact name.`,
    { path, column },
  )
