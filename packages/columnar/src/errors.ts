import { DeltaworksError, typeName, type DataType } from '@deltaworks/schema'

export class ColumnarError extends DeltaworksError {
  override readonly name = 'ColumnarError'
}

export const heapExhausted = (bytes: number, limitBytes: number): ColumnarError =>
  new ColumnarError(
    'DW-COLUMNAR-0001',
    'resources',
    `A worker's memory is exhausted: ${bytes} bytes more were asked for, and its limit is ${limitBytes} bytes. Raise --memory, or lower --threads.`,
    { bytes, limitBytes },
  )

export const reservationRefused = (
  consumer: string,
  bytes: number,
  limitBytes: number,
  usedBytes: number,
): ColumnarError =>
  new ColumnarError(
    'DW-COLUMNAR-0002',
    'resources',
    `${consumer} needs ${bytes} bytes more, but ${usedBytes} of the ${limitBytes} bytes of memory are in use. Raise --memory.`,
    { consumer, bytes, limitBytes, usedBytes },
  )

export const aggregateOverflow = (name: string, type: DataType): ColumnarError =>
  new ColumnarError(
    'DW-COLUMNAR-0003',
    'data',
    `${name} is out of the range of ${typeName(type)}. Cast the argument to a wider type, e.g. decimal(38,${type.kind === 'decimal' ? type.scale : 0}).`,
    { aggregate: name, type: typeName(type) },
  )

export const unknownAggregate = (name: string): ColumnarError =>
  new ColumnarError('DW-COLUMNAR-0004', 'unsupported', `The aggregate function "${name}" cannot be executed yet.`, {
    aggregate: name,
  })

export const columnTooLong = (bytes: number): ColumnarError =>
  new ColumnarError(
    'DW-COLUMNAR-0005',
    'resources',
    `The texts of one batch's column take ${bytes} bytes together, and at most 2147483647 can be addressed. Work on shorter values, such as their hashes, or on fewer rows at once.`,
    { bytes },
  )
