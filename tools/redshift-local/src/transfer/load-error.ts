/** A row of STL_LOAD_ERRORS. */
export interface LoadError {
  readonly query: number
  readonly startMs: number
  readonly file: string
  readonly line: number
  readonly column: string
  readonly type: string
  readonly value: string
  readonly code: number
  readonly reason: string
  readonly tableOid: string
}

/** Codes of the guide's "Load error reference". */
export const loadErrorCodes = { general: 1202, textTooLong: 1204, notNull: 1213, unknownColumn: 1203 } as const

/** Load errors outlive the transaction that failed by them, so they are kept here and shown to the query that asks. */
export class LoadErrors {
  readonly #errors: LoadError[] = []

  add(error: LoadError): void {
    this.#errors.push(error)
    if (this.#errors.length > 1000) this.#errors.shift()
  }

  /** SQL that puts them where the system's views find them. */
  statements(): readonly string[] {
    const rows = JSON.stringify(
      this.#errors.map((error) => ({
        query: error.query,
        starttime: new Date(error.startMs).toISOString(),
        filename: error.file,
        line_number: error.line,
        colname: error.column,
        type: error.type,
        raw_field_value: error.value.slice(0, 1024),
        err_code: error.code,
        err_reason: error.reason,
        tbl: Number(error.tableOid),
      })),
    ).replaceAll("'", "''")
    return [
      'DELETE FROM redshift_local.load_errors',
      `INSERT INTO redshift_local.load_errors SELECT * FROM jsonb_populate_recordset(NULL::redshift_local.load_errors, '${rows}'::jsonb)`,
    ]
  }
}
