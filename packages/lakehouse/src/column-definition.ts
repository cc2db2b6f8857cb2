import * as types from '@deltaworks/schema'
import type { DataType, DecimalType } from '@deltaworks/schema'

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

/**
 * One column of a definition: type, nullability and everything that the apps derive from it. Immutable; each method gives
 * a new one. `T` is the JavaScript type of its values and `N` whether they may be null: `Row<typeof table>` is made of them.
 */
export class Column<T = unknown, N extends boolean = boolean> {
  readonly facts: ColumnFacts
  declare readonly [valueType]: N extends true ? T | null : T

  constructor(facts: ColumnFacts) {
    this.facts = facts
  }

  #with<U, M extends boolean>(change: Partial<ColumnFacts>): Column<U, M> {
    return new Column<U, M>({ ...this.facts, ...change })
  }
  notNull(): Column<T, false> {
    return this.#with({ nullable: false })
  }
  nullable(): Column<T, true> {
    return this.#with({ nullable: true })
  }
  /** Part of the primary key; implies not null. Checked by quality rules, informational in warehouses. */
  primaryKey(): Column<T, false> {
    return this.#with({ primaryKey: true, nullable: false })
  }
  /** A foreign key. Lazily given, so that tables may refer to each other in any order. */
  references(target: () => Column): Column<T, N> {
    return this.#with({
      reference: () => {
        const { address } = target().facts
        if (address === null) throw new TypeError('references() must point to a column of a defined table')
        return address
      },
    })
  }
  pii(kind: PiiKind): Column<T, N> {
    return this.#with({ pii: kind })
  }
  describe(description: string): Column<T, N> {
    return this.#with({ description })
  }
  /** Header names (or JSON keys) in landing files, in order of preference. */
  from(...names: readonly string[]): Column<T, N> {
    return this.#with({ sourceNames: names })
  }
  /** Pattern of dates and timestamps in landing files. */
  pattern(pattern: string): Column<T, N> {
    return this.#with({ sourcePattern: pattern })
  }
  /** A landing file may lack this column; it is null then. */
  optional(): Column<T, N> {
    return this.#with({ sourceRequired: false })
  }
  /** In no landing file: the table's `derive` makes it. */
  derived(): Column<T, N> {
    return this.#with({ derived: true })
  }
  /** Used by `defineTable`. */
  at(address: ColumnAddress): Column<T, N> {
    return this.#with({ address })
  }
}

/** A column of any type, as files or tables have them. */
export const columnOfType = (type: DataType): Column => column(type)

const column = <T>(type: DataType): Column<T, true> =>
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

export const boolean = (): Column<boolean, true> => column(types.boolean)
export const smallint = (): Column<number, true> => column(types.int16)
export const integer = (): Column<number, true> => column(types.int32)
export const bigint = (): Column<bigint, true> => column(types.int64)
export const double = (): Column<number, true> => column(types.float64)
export const string = (): Column<string, true> => column(types.string)
/** Days since 1970-01-01. */
export const date = (): Column<number, true> => column(types.date)
/** Microseconds since 1970-01-01 UTC. */
export const timestamp = (): Column<bigint, true> => column(types.timestamp)
/** The unscaled integer: 12.34 as decimal(12, 2) is 1234n. */
export const decimal = (precision: number, scale: number): Column<bigint, true> => {
  const type: DecimalType = types.decimal(precision, scale)
  return column(type)
}

export type Columns = Readonly<Record<string, Column>>

/** The row type of a definition, inferred from its columns. */
export type Row<T extends { readonly columns: Columns }> = {
  readonly [K in keyof T['columns']]: T['columns'][K][typeof valueType]
}
