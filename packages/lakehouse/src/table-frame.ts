import type { DataFrame } from '@deltaworks/plan'
import type { BigintValue, DateValue, KindOfValue, TimestampValue, ValueKind } from '@deltaworks/schema'
import type { Columns, LandedColumns, Row } from './column-definition.js'
import type { AuditDetail, SourceDefinition } from './source-definition.js'

/*
 * The frames that builds get and give: a definition's columns, and what ingestion adds to those of a landed table.
 */

interface LandingPlace {
  readonly source_file: string
  readonly source_line: BigintValue
}
interface AuditColumns extends LandingPlace {
  readonly ingestion_date: DateValue
}
export type AuditColumn = keyof AuditColumns

interface DetailColumns {
  readonly source_checksum: string | null
  readonly ingested_at: TimestampValue
  readonly run_id: string
}
type Audited<S> =
  S extends SourceDefinition<infer A extends AuditDetail> ? AuditColumns & Pick<DetailColumns, A> : object
type Flat<T> = { readonly [K in keyof T]: T[K] }

interface Table {
  readonly columns: Columns
  readonly source: SourceDefinition | null
}
/** The row that a frame of the table has: its columns, and those of the audit if it is landed. */
export type TableRow<T extends Table> = Flat<Row<T> & Audited<T['source']>>
export type TableFrame<T> = T extends Table ? DataFrame<TableRow<T>> : DataFrame
/** Landed rows as `derive` gets them. */
export type LandedFrame<C extends Columns> = DataFrame<Flat<LandedColumns<C> & LandingPlace>>

/** Shown where a build gives other columns than its table declares. */
interface OtherColumns<Missing, NotDeclared, OfOtherType> {
  readonly missing: Missing
  readonly notDeclared: NotDeclared
  readonly ofOtherType: OfOtherType
}
/** What each kind of column may be built from: types may be widened, never narrowed. */
interface Widened {
  readonly bigint: 'integer' | 'bigint'
  readonly decimal: 'integer' | 'bigint' | 'decimal'
  readonly float: 'integer' | 'float'
}
type BuiltFrom<K extends ValueKind> = K extends keyof Widened ? Widened[K] : K
type OfOtherType<Built, C extends Columns> = {
  [K in keyof Built & keyof C]: unknown extends Built[K]
    ? never
    : [KindOfValue<Built[K]>] extends [BuiltFrom<KindOfValue<Row<{ columns: C }>[K]> & ValueKind>]
      ? never
      : K
}[keyof Built & keyof C]
/** Demands of a build, as far as its row is known, the columns that the table declares. */
export type Fits<Built, C extends Columns> = string extends keyof Built | keyof C
  ? unknown
  : [Exclude<keyof C, keyof Built> | Exclude<keyof Built, keyof C> | OfOtherType<Built, C>] extends [never]
    ? unknown
    : OtherColumns<Exclude<keyof C, keyof Built>, Exclude<keyof Built, keyof C>, OfOtherType<Built, C>>
