import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Arena, batchFromRows, batchToRows, createContext, unlimited, type RecordBatch } from '@deltaworks/columnar'
import {
  fileScan,
  ParquetWriter,
  readArrowSchema,
  readParquetSchema,
  scanArrow,
  scanFile,
  writeArrow,
  type ArrowWriteOptions,
  type ParquetWriteOptions,
} from '@deltaworks/formats'
import { decimal, field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { FileStore, MemoryStore } from '@deltaworks/storage'
import { Checks } from './checks.js'
import { PythonEnvironment } from './python.js'

/*
 * node tools/interop/dist/formats.js [--spark] [--python FOLDER] [--keep]
 *
 * pyarrow, DuckDB, polars and Spark write the same rows in every encoding, codec, page version and nesting that each has; we read
 * every file and write it again in our own ways; the same tools (and parquet-wasm) compare what they read of both.
 */
const { values: options } = parseArgs({
  options: {
    spark: { type: 'boolean', default: false },
    python: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})

/** Each file is written in the next of these ways. */
const ways: readonly ParquetWriteOptions[] = [
  { compression: 'snappy' },
  { compression: 'gzip', pageVersion: 2, pageRows: 100 },
  { compression: 'none', dictionary: false, rowGroupRows: 333 },
  { compression: 'lz4_raw', dictionary: false, pageVersion: 2, pageRows: 64 },
  { compression: 'brotli', pageRows: 200, rowGroupRows: 500 },
  { compression: 'snappy', encoding: 'plain', dictionary: false, pageRows: 50 },
]
const arrowWays: readonly ArrowWriteOptions[] = [
  {},
  { form: 'file' },
  { form: 'file', compression: 'lz4' },
  { compression: 'lz4' },
]

const context = createContext()

async function* batchesOf(store: FileStore, path: string, schema: Schema): AsyncGenerator<RecordBatch> {
  const { sizeBytes } = await store.head(path)
  const scan = fileScan({ store, path, sizeBytes, schema, batchRows: 250 })
  yield* scanFile(context, unlimited, path.endsWith('.arrow') ? 'arrow' : 'parquet', scan, {})
}

/** Encodings that go with the column's type, where the way has no dictionary. */
function columnsOf(schema: Schema, way: ParquetWriteOptions): ParquetWriteOptions['columns'] {
  if (way.dictionary !== false || way.encoding === 'plain') return {}
  const encodings = {
    string: 'delta_byte_array',
    binary: 'delta_length_byte_array',
    float64: 'byte_stream_split',
    boolean: 'rle',
  } as const
  return Object.fromEntries(
    schema.fields.flatMap(({ name, type }) =>
      type.kind in encodings
        ? [[name, { encoding: encodings[type.kind as keyof typeof encodings], bloomFilter: type.kind === 'string' }]]
        : [],
    ),
  )
}

async function rewrite(folder: string, name: string, index: number): Promise<string | null> {
  const store = new FileStore(join(folder, 'theirs'))
  const schema = name.endsWith('.arrow') ? await readArrowSchema(store, name) : await readParquetSchema(store, name)
  const way = ways[index % ways.length]!
  const writer = new ParquetWriter(context, unlimited, schema, { ...way, columns: columnsOf(schema, way) ?? {} })
  for await (const batch of batchesOf(store, name, schema)) writer.write(batch)
  const file = Buffer.concat(writer.finish().parts)
  await writeFile(join(folder, 'ours', `${name}.parquet`), file)
  const parts: Uint8Array[] = []
  const arrowWay = arrowWays[index % arrowWays.length]!
  for await (const part of writeArrow(context, unlimited, schema, batchesOf(store, name, schema), arrowWay))
    parts.push(part)
  await writeFile(join(folder, 'ours', `${name}.arrow`), Buffer.concat(parts))
  return parquetWasmDiffers(store, name, schema, file)
}

/** parquet-wasm decodes what we wrote, and our Arrow reader reads that: the rows must be those that we read of the source. */
async function parquetWasmDiffers(
  store: FileStore,
  name: string,
  schema: Schema,
  file: Uint8Array,
): Promise<string | null> {
  const wasm = await import('parquet-wasm/node')
  const stream = wasm.readParquet(file).intoIPCStream()
  const memory = new MemoryStore('memory://wasm')
  await memory.put('x', stream, 'overwrite')
  const found: Value[][] = []
  const scan = fileScan({ store: memory, path: 'x', sizeBytes: stream.length, schema })
  for await (const batch of scanArrow(context, unlimited, scan)) found.push(...batchToRows(context.heap, batch))
  const wanted: Value[][] = []
  for await (const batch of batchesOf(store, name, schema)) wanted.push(...batchToRows(context.heap, batch))
  const text = (row: readonly Value[]): string =>
    JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
  if (found.length !== wanted.length) return `${found.length} rows instead of ${wanted.length}`
  const wrong = wanted.findIndex((row, i) => text(row) !== text(found[i]!))
  return wrong < 0 ? null : `row ${wrong}: ${text(wanted[wrong]!)}, and ${text(found[wrong]!)}`
}

/** A file whose statistics tell row groups apart. */
async function writePruning(folder: string): Promise<void> {
  const schema: Schema = {
    fields: [field('id', int64), field('name', string), field('price', decimal(12, 2)), field('code', string)],
  }
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, schema, {
    rowGroupRows: 500,
    pageRows: 100,
    columns: {
      code: { bloomFilter: true },
      name: { compression: 'gzip', dictionary: false, encoding: 'delta_byte_array' },
    },
    keyValue: { owner: 'Zoë' },
  })
  const rows = Array.from({ length: 4000 }, (_, i): Value[] => [
    BigInt(i),
    `name ${String(i).padStart(6, '0')}`,
    BigInt(i),
    `code ${(i * 7919) % 4001}`,
  ])
  writer.write(batchFromRows(arena, schema, rows))
  arena.close()
  await writeFile(join(folder, 'pruning.parquet'), Buffer.concat(writer.finish().parts))
}

async function main(): Promise<number> {
  const checks = new Checks()
  const python = new PythonEnvironment(options.python ?? join(import.meta.dirname, '../../../.tools/formats-venv'))
  const packages = ['pyarrow', 'duckdb==1.5.5', 'polars', ...(options.spark ? ['pyspark==4.1.*'] : [])]
  const missing = options.python === undefined ? await python.install(packages) : null
  if (missing !== null) {
    checks.skip('formats', missing)
    return checks.finish()
  }
  const script = (name: string): string => join(import.meta.dirname, '../python', name)
  const folder = await mkdtemp(join(tmpdir(), 'deltaworks-formats-'))
  const flags = options.spark ? ['--spark'] : []
  try {
    for (const name of ['theirs', 'ours']) await mkdir(join(folder, name))
    for (const told of await python.script(script('format_writers.py'), [folder, ...flags])) {
      if (told['skipped'] !== undefined) checks.skip(String(told['skipped']), String(told['why']))
      if (told['unavailable'] !== undefined) checks.report('format_writers.py', String(told['unavailable']))
    }
    const names = (await readdir(join(folder, 'theirs'))).sort()
    for (const [i, name] of names.entries()) {
      await checks.run(`we read ${name}, and parquet-wasm what we make of it`, () => rewrite(folder, name, i))
    }
    await writePruning(folder)
    for (const told of await python.script(script('format_readers.py'), [folder, ...flags])) {
      if (told['unavailable'] !== undefined) checks.report('format_readers.py', String(told['unavailable']))
      else checks.report(String(told['check']), told['wrong'] === null ? null : String(told['wrong']))
    }
  } finally {
    if (options.keep) process.stdout.write(`${folder}\n`)
    else await rm(folder, { recursive: true, force: true })
  }
  return checks.finish()
}

process.exitCode = await main()
