/** What each session begins with: views and functions of Redshift are found without a schema. */
export const sessionStart = `SET TIME ZONE 'UTC'; SET client_min_messages TO error; SET search_path TO "$user", public, redshift_local`

/** The PostgreSQL that statements really run on. */
export interface Database {
  /** What a client is told that it talks to. */
  readonly name: string
  open(): Promise<DatabaseSession>
  close(): Promise<void>
}

/** One session with it: its transaction, and what was set in it. */
export interface DatabaseSession {
  /** Between BEGIN and COMMIT or ROLLBACK. */
  readonly inTransaction: boolean
  query(sql: string): Promise<QueryResult>
  /** Runs `COPY … FROM STDIN` with these pieces of its text format. @returns rows */
  copyIn(sql: string, pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<number>
  begin(): Promise<void>
  end(how: 'COMMIT' | 'ROLLBACK'): Promise<void>
  /** Stops what runs or waits. @returns whether there was something that could be stopped */
  cancel(): Promise<boolean>
  /** A transaction that is open is rolled back. */
  close(): Promise<void>
}

export interface QueryResult {
  readonly columns: readonly ResultColumn[]
  /** Every value in PostgreSQL's text. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** Rows that an INSERT, UPDATE, DELETE or MERGE touched. */
  readonly affected: number
}

export interface ResultColumn {
  readonly name: string
  readonly typeOid: number
}
