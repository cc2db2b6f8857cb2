import type { Action } from '../actions/action.js'
import type { AddFile } from '../actions/add-file.js'
import { removeOf } from '../actions/remove-file.js'
import type { CommitRequest } from '../commit.js'
import { readNothing, type ReadSet } from '../conflict.js'
import { readDeletedRows } from '../deletion-vector/deletion-vector.js'
import { storeDeletionVectors } from '../deletion-vector/deletion-vector-write.js'
import { withDeletionVector } from '../deletion-vector/with-deletion-vector.js'
import { fileKey } from '../actions/add-file.js'
import type { Snapshot } from '../snapshot.js'
import { testFile } from '../testing.js'

/** A row: its key and its value. A file of the model holds rows in its `tags`, so that the log alone is the table. */
export interface ModelRow {
  readonly id: number
  readonly value: number
}

/** An operation twice: what it means for rows, and what it commits, made as the operations on real tables make it. */
export interface ModelOperation {
  readonly name: string
  /** The meaning: rows after it, given those before. */
  apply(rows: readonly ModelRow[]): readonly ModelRow[]
  /** null: nothing to do. */
  intend(snapshot: Snapshot, writer: number): Promise<Intention | null>
}

export type Intention = Pick<CommitRequest, 'actions' | 'reads'> &
  Partial<Pick<CommitRequest, 'rowLevel' | 'isolation'>>

export const modelFile = (path: string, rows: readonly ModelRow[], changes: Partial<AddFile> = {}): AddFile =>
  testFile(path, { stats: `{"numRecords":${rows.length}}`, tags: { rows: JSON.stringify(rows) }, ...changes })

const storedRows = (file: AddFile): readonly ModelRow[] => JSON.parse(file.tags!['rows']!) as ModelRow[]

interface LiveFile {
  readonly file: AddFile
  readonly deleted: ReadonlySet<number>
  readonly rows: readonly ModelRow[]
}

async function liveFiles(snapshot: Snapshot): Promise<readonly LiveFile[]> {
  const live: LiveFile[] = []
  for (const file of snapshot.files.values()) {
    const deleted = new Set((await readDeletedRows(snapshot.location, file)) ?? [])
    live.push({ file, deleted, rows: storedRows(file).filter((_, i) => !deleted.has(i)) })
  }
  return live
}

export const rowsOf = async (snapshot: Snapshot): Promise<readonly ModelRow[]> =>
  (await liveFiles(snapshot)).flatMap(({ rows }) => rows)

type Test = (row: ModelRow) => boolean

/** Statistics that are as sharp as they can be: a missed conflict is not hidden behind a false one. */
const mayHold =
  (test: Test) =>
  (file: AddFile): boolean =>
    storedRows(file).some(test)

const readsOf = (test: Test, files: readonly AddFile[]): ReadSet => ({
  wholeTable: false,
  predicates: [mayHold(test)],
  files: new Set(files.map(fileKey)),
})

const touchedBy = async (snapshot: Snapshot, test: Test): Promise<readonly LiveFile[]> =>
  (await liveFiles(snapshot)).filter(({ rows }) => rows.some(test))

/** Marks rows as deleted: for each file its remove, and its add with the rows in its vector. */
async function marks(snapshot: Snapshot, files: readonly LiveFile[], test: Test): Promise<readonly Action[]> {
  const requests = files.map(({ file, deleted }) => ({
    file,
    rows: Uint32Array.from(storedRows(file).flatMap((row, i) => (test(row) || deleted.has(i) ? [i] : []))),
  }))
  const { descriptors } = await storeDeletionVectors(snapshot.location, requests)
  return requests.flatMap(({ file }, i) => [removeOf(file, 1), withDeletionVector(file, descriptors[i]!)])
}

const at = (writer: number, snapshot: Snapshot, what: string): string => `${what}-${writer}-${snapshot.version}`

export const append = (id: number, value: number): ModelOperation => ({
  name: `append ${id}:${value}`,
  apply: (rows) => [...rows, { id, value }],
  intend: async (snapshot, writer) => ({
    actions: [modelFile(at(writer, snapshot, 'append'), [{ id, value }])],
    reads: readNothing,
  }),
})

/** DELETE WHERE value = … by deletion vectors. */
export const deleteMarking = (value: number): ModelOperation => ({
  name: `delete ${value} by vectors`,
  apply: (rows) => rows.filter((row) => row.value !== value),
  async intend(snapshot) {
    const test: Test = (row) => row.value === value
    const touched = await touchedBy(snapshot, test)
    if (touched.length === 0) return null
    const whole = touched.filter(({ rows }) => rows.every(test))
    const partly = touched.filter(({ rows }) => !rows.every(test))
    const actions = [...whole.map(({ file }) => removeOf(file, 1)), ...(await marks(snapshot, partly, test))]
    return {
      actions,
      reads: readsOf(
        test,
        touched.map(({ file }) => file),
      ),
      rowLevel: true,
    }
  },
})

/** DELETE WHERE value = … by writing the rows again that stay. */
export const deleteRewriting = (value: number): ModelOperation => ({
  name: `delete ${value} by rewriting`,
  apply: (rows) => rows.filter((row) => row.value !== value),
  async intend(snapshot, writer) {
    const test: Test = (row) => row.value === value
    const touched = await touchedBy(snapshot, test)
    if (touched.length === 0) return null
    const staying = touched.flatMap(({ rows }) => rows.filter((row) => !test(row)))
    const files = touched.map(({ file }) => file)
    return {
      actions: [
        ...files.map((file) => removeOf(file, 1)),
        ...(staying.length === 0 ? [] : [modelFile(at(writer, snapshot, 'copy'), staying)]),
      ],
      reads: readsOf(test, files),
      rowLevel: true,
    }
  },
})

/** UPDATE SET value = to WHERE value = from. */
export const update = (from: number, to: number): ModelOperation => ({
  name: `update ${from} to ${to}`,
  apply: (rows) => rows.map((row) => (row.value === from ? { ...row, value: to } : row)),
  async intend(snapshot, writer) {
    const test: Test = (row) => row.value === from
    const touched = await touchedBy(snapshot, test)
    if (touched.length === 0) return null
    const updated = touched.flatMap(({ rows }) => rows.filter(test).map((row) => ({ ...row, value: to })))
    return {
      actions: [...(await marks(snapshot, touched, test)), modelFile(at(writer, snapshot, 'update'), updated)],
      reads: readsOf(
        test,
        touched.map(({ file }) => file),
      ),
      rowLevel: true,
    }
  },
})

/** MERGE ON id WHEN NOT MATCHED THEN INSERT. */
export const insertIfAbsent = (id: number, value: number): ModelOperation => ({
  name: `insert ${id}:${value} if absent`,
  apply: (rows) => (rows.some((row) => row.id === id) ? rows : [...rows, { id, value }]),
  async intend(snapshot, writer) {
    const test: Test = (row) => row.id === id
    const live = await liveFiles(snapshot)
    if (live.some(({ rows }) => rows.some(test))) return null
    const candidates = live.filter(({ file }) => mayHold(test)(file)).map(({ file }) => file)
    return {
      actions: [modelFile(at(writer, snapshot, 'insert'), [{ id, value }])],
      reads: readsOf(test, candidates),
    }
  },
})

/** OPTIMIZE: one file of all. */
export const optimize: ModelOperation = {
  name: 'optimize',
  apply: (rows) => rows,
  async intend(snapshot, writer) {
    const live = await liveFiles(snapshot)
    if (live.length < 2) return null
    const files = live.map(({ file }) => file)
    const rows = live.flatMap((l) => l.rows)
    return {
      actions: [
        ...files.map((file) => removeOf(file, 1, false)),
        modelFile(at(writer, snapshot, 'optimize'), rows, { dataChange: false }),
      ],
      reads: { ...readNothing, files: new Set(files.map(fileKey)) },
      isolation: 'SnapshotIsolation',
    }
  },
}

/** INSERT OVERWRITE. */
export const overwrite = (id: number, value: number): ModelOperation => ({
  name: `overwrite with ${id}:${value}`,
  apply: () => [{ id, value }],
  async intend(snapshot, writer) {
    const files = [...snapshot.files.values()]
    return {
      actions: [
        ...files.map((file) => removeOf(file, 1)),
        modelFile(at(writer, snapshot, 'overwrite'), [{ id, value }]),
      ],
      reads: { wholeTable: true, predicates: [], files: new Set(files.map(fileKey)) },
    }
  },
})

/** ALTER TABLE SET TBLPROPERTIES. */
export const setProperty: ModelOperation = {
  name: 'set a property',
  apply: (rows) => rows,
  intend: async (snapshot, writer) => ({
    actions: [
      { ...snapshot.metadata, configuration: { ...snapshot.metadata.configuration, owner: `writer ${writer}` } },
    ],
    reads: readNothing,
  }),
}

/** A write that its application sends again when in doubt. Its row is nobody else's: it stands for the transaction. */
export const appendOnce = (id: number, value: number): ModelOperation => ({
  name: `append ${id}:${value} once`,
  apply: (rows) => (rows.some((row) => row.id === id && row.value === value) ? rows : [...rows, { id, value }]),
  async intend(snapshot, writer) {
    if (snapshot.appTransactions.has('model')) return null
    return {
      actions: [
        { kind: 'txn', appId: 'model', version: 1, lastUpdatedMs: null },
        modelFile(at(writer, snapshot, 'once'), [{ id, value }]),
      ],
      reads: readNothing,
    }
  },
})
