import { formatSchema } from './schema-json.js'
import type { Metadata } from './actions/metadata.js'
import { addFile, type AddFile } from './actions/add-file.js'
import type { LogParquet } from './log-parquet.js'
import { field, int64, type Schema } from '@deltaworks/schema'

/** Builders for tests of this package and those above it. */
export const testSchema: Schema = { fields: [field('id', int64)] }

export const testMetadata = (overrides: Partial<Metadata> = {}): Metadata => ({
  kind: 'metaData',
  id: '00000000-0000-0000-0000-000000000000',
  name: null,
  description: null,
  formatProvider: 'parquet',
  formatOptions: {},
  schemaString: formatSchema(testSchema),
  partitionColumns: [],
  configuration: {},
  createdTimeMs: 0,
  ...overrides,
})

export const testFile = (path: string, overrides: Partial<AddFile> = {}): AddFile =>
  addFile({ path, partitionValues: {}, sizeBytes: 1, modificationTimeMs: 1, ...overrides })

const absent = (): never => {
  throw new Error('this test has no Parquet')
}

/** For logs without Parquet checkpoints. */
export const noParquet: LogParquet = {
  schema: () => Promise.reject(new Error('this test has no Parquet')),
  batches: absent,
  file: () => Promise.reject(new Error('this test has no Parquet')),
}
