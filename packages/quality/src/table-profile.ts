export interface TableProfile {
  readonly rowCount: number
  readonly columns: readonly ColumnProfile[]
}

/** What a column holds. Values are text, as SQL shows them; null where a figure does not apply to the type. */
export interface ColumnProfile {
  readonly name: string
  readonly type: string
  readonly nullCount: number
  /** Share of rows that are not null; 1 of no rows. */
  readonly completeness: number
  readonly approximateDistinct: number | null
  readonly min: string | null
  readonly max: string | null
  readonly mean: number | null
  readonly standardDeviation: number | null
  /** Of text, in characters. */
  readonly minLength: number | null
  readonly maxLength: number | null
  /** What the values look like, by a sample of the first rows: `email`, `phone`, `url`, `postcode`, `country`, `integer`, `decimal`, `date`, `timestamp`, `boolean`, `identifier`, `category`, `name`… */
  readonly semanticType: SemanticType | null
  /** The most frequent values of a column with few, if they were asked for. */
  readonly topValues: readonly TopValue[] | null
}

export interface TopValue {
  /** Null: missing. */
  readonly value: string | null
  readonly count: number
}

export type SemanticType =
  | 'email'
  | 'url'
  | 'phone'
  | 'uuid'
  | 'postcode'
  | 'country'
  | 'integer'
  | 'decimal'
  | 'date'
  | 'timestamp'
  | 'boolean'
  | 'identifier'
  | 'category'
