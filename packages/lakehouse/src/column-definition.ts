import * as types from '@deltaworks/schema'
import type {
  BigintValue,
  DataType,
  DateValue,
  DecimalType,
  DecimalValue,
  FloatValue,
  IntegerValue,
  TimestampValue,
} from '@deltaworks/schema'

/** What kind of personal data a column holds; such columns are masked in samples, logs and reports. */
export type PiiKind = 'name' | 'email' | 'phone' | 'address' | 'identifier'

/** A column's address once its table is defined; what `references` points to. */
export interface ColumnAddress {
  readonly table: string
  readonly column: string
}

interface ColumnFacts {
  readonly type: DataType
  readonly nullable: boolean
  readonly primaryKey: boolean
  readonly pii: PiiKind | null
  readonly description: string | null
  /** Names under which landing files carry it; the first that a file has is taken. Empty: the column's own name. */
  readonly sourceNames: readonly string[]
  /** Date or timestamp pattern of landing files (Java style: `M/d/yyyy H:mm`). */
  readonly sourcePattern: string | null
  /** Whether a landing file without this column is refused. */
  readonly sourceRequired: boolean
  /** Made by the table's `derive`, in no landing file. */
  readonly derived: boolean
  readonly reference: (() => ColumnAddress) | null
  readonly address: ColumnAddress | null
}

declare const valueType: unique symbol
declare const isDerived: unique symbol

/**
 * One column of a definition: type, nullability and everything that the apps derive from it. Immutable; each method gives
 * a new one. `T` is the JavaScript type of its values, `N` whether they may be null and `D` whether no landing file has it:
 * `Row<typeof table>` is made of them.
 */
export class Column<T = unknown, N extends boolean = boolean, D extends boolean = boolean> {
  readonly facts: ColumnFacts
  declare readonly [valueType]: N extends true ? T | null : T
  declare readonly [isDerived]: D

  constructor(facts: ColumnFacts) {
    this.facts = facts
  }

  #with<M extends boolean, E extends boolean>(change: Partial<ColumnFacts>): Column<T, M, E> {
    return new Column<T, M, E>({ ...this.facts, ...change })
  }
  notNull(): Column<T, false, D> {
    return this.#with({ nullable: false })
  }
  nullable(): Column<T, true, D> {
    return this.#with({ nullable: true })
  }
  /** Part of the primary key; implies not null. Checked by quality rules, informational in warehouses. */
  primaryKey(): Column<T, false, D> {
    return this.#with({ primaryKey: true, nullable: false })
  }
  /** A foreign key. Lazily given, so that tables may refer to each other in any order. */
  references(target: () => Column): Column<T, N, D> {
    return this.#with({
      reference: () => {
        const { address } = target().facts
        if (address === null) throw new TypeError('references() must point to a column of a defined table')
        return address
      },
    })
  }
  pii(kind: PiiKind): Column<T, N, D> {
    return this.#with({ pii: kind })
  }
  describe(description: string): Column<T, N, D> {
    return this.#with({ description })
  }
  /** Header names (or JSON keys) in landing files, in order of preference. */
  from(...names: readonly string[]): Column<T, N, D> {
    return this.#with({ sourceNames: names })
  }
  /** Pattern of dates and timestamps in landing files. */
  pattern(pattern: string): Column<T, N, D> {
    return this.#with({ sourcePattern: pattern })
  }
  /** A landing file may lack this column; it is null then. */
  optional(): Column<T, N, D> {
    return this.#with({ sourceRequired: false })
  }
  /** In no landing file: the table's `derive` makes it. */
  derived(): Column<T, N, true> {
    return this.#with({ derived: true })
  }
  /** Used by `defineTable`. */
  at(address: ColumnAddress): Column<T, N, D> {
    return this.#with({ address })
  }
}

/** A column of any type, as files or tables have them. */
export const columnOfType = (type: DataType): Column => column(type)

const column = <T>(type: DataType): Column<T, true, false> =>
  new Column({
    type,
    nullable: true,
    primaryKey: false,
    pii: null,
    description: null,
    sourceNames: [],
    sourcePattern: null,
    sourceRequired: true,
    derived: false,
    reference: null,
    address: null,
  })

export const boolean = (): Column<boolean, true, false> => column(types.boolean)
export const smallint = (): Column<IntegerValue, true, false> => column(types.int16)
export const integer = (): Column<IntegerValue, true, false> => column(types.int32)
export const bigint = (): Column<BigintValue, true, false> => column(types.int64)
export const double = (): Column<FloatValue, true, false> => column(types.float64)
export const string = (): Column<string, true, false> => column(types.string)
/** Days since 1970-01-01. */
export const date = (): Column<DateValue, true, false> => column(types.date)
/** Microseconds since 1970-01-01 UTC. */
export const timestamp = (): Column<TimestampValue, true, false> => column(types.timestamp)
/** The unscaled integer: 12.34 as decimal(12, 2) is 1234n. */
export const decimal = (precision: number, scale: number): Column<DecimalValue, true, false> => {
  const type: DecimalType = types.decimal(precision, scale)
  return column(type)
}

export type Columns = Readonly<Record<string, Column>>

/** The row type of a definition, inferred from its columns. */
export type Row<T extends { readonly columns: Columns }> = {
  readonly [K in keyof T['columns']]: T['columns'][K][typeof valueType]
}

/** What a landing file has of a row: all columns but the derived ones. */
export type LandedColumns<C extends Columns> = {
  readonly [K in keyof C as C[K][typeof isDerived] extends true ? never : K]: C[K][typeof valueType]
}
