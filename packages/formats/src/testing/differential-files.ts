import { Arena, batchFromRows, type ColumnarContext } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import fc from 'fast-check'
import * as wasm from 'parquet-wasm/node'
import { writeArrow } from '../arrow/write-arrow.js'
import { ParquetWriter } from '../parquet/parquet-writer.js'
import type { ParquetWriteOptions } from '../parquet/write-options.js'
import { account, random } from './hostile-files.js'
import { tableOf } from './random-tables.js'
import type { DuckRewrite } from './duck-rewrite.js'

/* Parquet files of random tables, by writers that share no code: ours, arrow-rs (in parquet-wasm) and DuckDB. */

export interface RandomTable {
  readonly schema: Schema
  readonly rows: readonly (readonly Value[])[]
}

export interface WrittenFile {
  readonly writer: 'deltaworks' | 'parquet-wasm' | 'duckdb'
  /** How it was written, for messages. */
  readonly how: string
  readonly bytes: Uint8Array
}

/** A table of any types, flat or nested; the same for the same seed. Its rows come several times over in every fourth one. */
export function randomTable(seed: number): RandomTable {
  const next = random(seed)
  const [table] = fc.sample(tableOf([0, 0, 1, 3][next(4)]!), { seed, numRuns: 1 })
  const { schema, rows } = table!
  const distinct = rows.map((row) => row.map((value, i) => withoutTwins(schema.fields[i]!.type.kind, value)))
  if (next(4) > 0) return { schema, rows: distinct }
  return { schema, rows: Array.from({ length: 20 }, () => distinct).flat() }
}

/** Maps at the top with a key once, which is what DuckDB holds maps to. */
function withoutTwins(kind: string, value: Value): Value {
  if (kind !== 'map' || value === null) return value
  return [...new Map(value as [Value, Value][]).entries()]
}

/** Writes the table in the way that the seed says. @returns null if the writer refuses it */
export async function writtenFile(
  context: ColumnarContext,
  table: RandomTable,
  seed: number,
  duck: DuckRewrite | null,
): Promise<WrittenFile | null> {
  const next = random(seed ^ 0x5eed)
  const kind = next(duck === null ? 2 : 3)
  if (kind === 0) {
    const how = ourOptions(next)
    return { writer: 'deltaworks', how: JSON.stringify(how), bytes: ours(context, table, how) }
  }
  if (kind === 1) return arrowRust(context, table, next)
  const options = duckOptions(next)
  const plain = ours(context, table, { compression: 'none', dictionary: false, encoding: 'plain' })
  const bytes = await duck!.rewrite(plain, options)
  return typeof bytes === 'string' ? null : { writer: 'duckdb', how: options, bytes }
}

function ours(context: ColumnarContext, { schema, rows }: RandomTable, options: ParquetWriteOptions): Uint8Array {
  const arena = new Arena(context.heap)
  try {
    const writer = new ParquetWriter(context, account(), schema, options)
    for (let at = 0; at < rows.length; at += 50) writer.write(batchFromRows(arena, schema, rows.slice(at, at + 50)))
    return new Uint8Array(Buffer.concat(writer.finish().parts))
  } finally {
    arena.close()
  }
}

const pick = <T>(next: (below: number) => number, of: readonly T[]): T => of[next(of.length)]!

const ourOptions = (next: (below: number) => number): ParquetWriteOptions => ({
  compression: pick(next, ['snappy', 'none', 'gzip', 'brotli', 'lz4_raw']),
  pageVersion: pick(next, [1, 2]),
  encoding: pick(next, ['auto', 'plain']),
  rowGroupRows: pick(next, [1_048_576, 64, 7]),
  pageRows: pick(next, [16_384, 10, 3]),
  dictionary: next(2) === 0,
})

async function arrowRust(
  context: ColumnarContext,
  { schema, rows }: RandomTable,
  next: (below: number) => number,
): Promise<WrittenFile | null> {
  const arena = new Arena(context.heap)
  const parts: Uint8Array[] = []
  try {
    const batches = [batchFromRows(arena, schema, rows)]
    for await (const part of writeArrow(context, account(), schema, batches)) parts.push(part)
  } finally {
    arena.close()
  }
  const codec = pick(next, ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4_RAW'] as const)
  const version = next(2)
  const dictionary = next(2) === 0
  const groupRows = pick(next, [1_048_576, 60, 9])
  const pageBytes = pick(next, [1_048_576, 200, 16])
  const batchRows = pick(next, [1024, 8])
  const properties = new wasm.WriterPropertiesBuilder()
    .setCompression(wasm.Compression[codec])
    .setWriterVersion(version === 0 ? wasm.WriterVersion.V1 : wasm.WriterVersion.V2)
    .setDictionaryEnabled(dictionary)
    .setMaxRowGroupSize(groupRows)
    .setDataPageSizeLimit(pageBytes)
    .setDictionaryPageSizeLimit(pick(next, [1_048_576, 64]))
    .setWriteBatchSize(batchRows)
    .build()
  const how = `${codec} v${version + 1}${dictionary ? ' dictionary' : ''} groups ${groupRows} pages ${pageBytes}`
  // The table is consumed by the writer.
  const table = wasm.Table.fromIPCStream(new Uint8Array(Buffer.concat(parts)))
  return { writer: 'parquet-wasm', how, bytes: wasm.writeParquet(table, properties) }
}

function duckOptions(next: (below: number) => number): string {
  const codec = pick(next, ['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'lz4_raw'])
  const version = pick(next, ['V1', 'V2'])
  const dictionary = pick(next, ['', ', dictionary_size_limit 1'])
  return `codec '${codec}', parquet_version '${version}', row_group_size ${pick(next, [122_880, 2048])}${dictionary}`
}
