import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import type { DataType, Value } from '@deltaworks/schema'
import { FileStore } from '@deltaworks/storage'
import { parquetReadObjects } from 'hyparquet'
import { fileScan } from '../file-scan.js'
import { comparable } from '../testing/comparable-value.js'
import { readParquetSchema } from './parquet-metadata.js'
import { scanParquet } from './scan-parquet.js'

/* Every Parquet file of the shared test data (Spark, delta-rs, DuckDB, arrow wrote them), compared with hyparquet. */

const shared = fileURLToPath(new URL('../../../../../shared/', import.meta.url))
const isThere = existsSync(`${shared}delta-conformance`)
if (!isThere) console.log('skipped: ../shared/delta-conformance is not there')

const largestBytes = 400_000
const files = isThere
  ? ['delta-conformance', 'golden'].flatMap((folder) =>
      readdirSync(shared + folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.parquet'))
        .map((name) => `${folder}/${name}`)
        .filter((name) => statSync(shared + name).size <= largestBytes),
    )
  : []

const context = createContext()
const store = new FileStore(shared)

async function readOurs(
  path: string,
): Promise<{ readonly rows: Value[][]; readonly names: string[]; readonly types: DataType[] }> {
  const sizeBytes = statSync(shared + path).size
  const schema = await readParquetSchema(store, path, sizeBytes)
  const rows: Value[][] = []
  const scan = fileScan({ store, path, sizeBytes, schema, batchRows: 777 })
  for await (const batch of scanParquet(context, unlimited, scan)) rows.push(...batchToRows(context.heap, batch))
  return { rows, names: schema.fields.map(({ name }) => name), types: schema.fields.map(({ type }) => type) }
}

const hasVariant = (type: DataType): boolean =>
  type.kind === 'variant' || (type.kind === 'struct' && type.fields.some((member) => hasVariant(member.type)))

;(isThere ? describe : describe.skip)('files of other writers', () => {
  it(`E-27: ${files.length} of them have the rows that hyparquet finds`, async () => {
    let rowCount = 0
    for (const path of files) {
      const { rows, names, types } = await readOurs(path)
      rowCount += rows.length
      if (types.some(hasVariant)) continue
      const bytes = readFileSync(shared + path)
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
      const theirs = await parquetReadObjects({ file, utf8: false })
      const got = rows.map((row) => row.map((value, i) => comparable(value, types[i]!)))
      const wanted = theirs.map((row) => names.map((name, i) => comparable(row[name], types[i]!)))
      if (JSON.stringify(got) !== JSON.stringify(wanted)) expect({ path, rows: got }).toEqual({ path, rows: wanted })
    }
    expect(rowCount).toBeGreaterThan(10_000)
  }, 120_000)
})
