import { isNumeric, isTimestamp, type DataType, type Schema } from '@deltaworks/schema'

export interface WantedTotals {
  readonly column: string
  readonly type: DataType
  readonly sum: boolean
  readonly minMax: boolean
}

/** Which totals tell most for a column of each type; null counts are wanted of all. */
export const wantedTotals = (schema: Schema): readonly WantedTotals[] =>
  schema.fields.map(({ name, type }) => ({
    column: name,
    type,
    sum: isNumeric(type),
    minMax: isNumeric(type) || isTimestamp(type) || type.kind === 'date' || type.kind === 'string',
  }))
