import fc from 'fast-check'
import { batchToRows, unlimited } from '@deltaworks/columnar'
import { date, decimal, field, int64, schema, string, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics, type FileScan } from '../file-scan.js'
import type { CsvReadOptions } from './csv-options.js'
import { scanCsvFiles } from './scan-csv-files.js'
import { scanCsv } from './scan-csv.js'
import { provenance, provenanceFields, testContext } from './testing.js'

const columns = [field('id', int64), field('day', date), field('amount', decimal(12, 2)), field('note', string)]
const places = [field('_path', string), field('_index', int64), field('_file', string), field('_number', int64)]
const all = schema([...columns, ...places, ...provenanceFields])
const virtualColumns = { ...provenance, _path: 'file_path', _index: 'row_index' } as const

/** Rows as files of people have them, and as nobody wants them. */
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 0, max: 999 }).map((n) => `${n},2026-01-0${1 + (n % 9)},${n}.5,"note, ${n}"`),
  },
  fc.constantFrom(
    '1,2026-01-01,1.00,é',
    '',
    '2,,,"over\ntwo lines"',
    '3,never,1,x',
    '4,2026-01-01',
    '5,,,"open',
    '6,,,a"b',
    '7,,,x,y',
    '# 8',
  ),
)
const header = fc.oneof(
  { weight: 5, arbitrary: fc.constant('id,day,amount,note') },
  fc.constantFrom(
    '\ufeffid,day,amount,note',
    'note,amount,day,id',
    '\nid,day,amount,note',
    '"id",day,amount,note',
    'id,day,amount,"note"',
  ),
)
const file = fc
  .tuple(header, fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\n', '\n', '\r\n', '\r'), fc.boolean())
  .map(([head, lines, end, closed]) => [head, ...lines].join(end) + (closed ? end : ''))
  .chain((text) =>
    fc.constantFrom<Uint8Array>(Buffer.from(text), Buffer.from(text), Buffer.from(text), Buffer.from(text, 'latin1')),
  )

const dialects: readonly CsvReadOptions[] = [
  {},
  { lineSeparator: '\n' },
  { lineSeparator: '\r\n' },
  { comment: '#', multiLine: false },
  { escape: '\\', trimLeading: true, trimTrailing: true, nullValues: ['x'] },
  { mode: 'dropmalformed' },
  { unescapedQuoteHandling: 'raise_error', maxCharsPerColumn: 8 },
  { maxRowBytes: 60 },
  { encoding: 'latin1' },
]

describe('M-008 E-23: small files that are read together', () => {
  const store = new MemoryStore('small')
  const scansOf = async (files: readonly Uint8Array[], overrides: Partial<FileScan> = {}): Promise<FileScan[]> => {
    const scans: FileScan[] = []
    for (const [i, bytes] of files.entries()) {
      await store.put(`${i}.csv`, bytes, 'overwrite')
      const constants = { _file: i % 3 === 2 ? null : `file ${i}`, _number: BigInt(i) }
      const { byteLength: sizeBytes } = bytes
      scans.push(fileScan({ store, path: `${i}.csv`, sizeBytes, schema: all, constants, virtualColumns, ...overrides }))
    }
    return scans
  }
  /** All rows and what was counted, and what was thrown, if anything was. */
  const outcome = async (
    read: (metrics: ReturnType<typeof scanMetrics>) => AsyncIterable<Parameters<typeof batchToRows>[1]>,
  ) => {
    const context = testContext()
    const rows: Value[][] = []
    const metrics = scanMetrics()
    let batches = 0
    let failure: string | null = null
    try {
      for await (const batch of read(metrics)) {
        batches++
        rows.push(...batchToRows(context.heap, batch))
      }
    } catch (error) {
      failure = (error as Error).message
    }
    return { rows, failure, batches, metrics }
  }
  async function* oneByOne(
    scans: readonly FileScan[],
    options: CsvReadOptions,
    metrics: ReturnType<typeof scanMetrics>,
  ) {
    for (const scan of scans) yield* scanCsv(testContext(), unlimited, scan, options, metrics)
  }

  it.each(dialects)('give the rows that each gives by itself: %j', async (options) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { maxLength: 6 }),
        fc.constantFrom(undefined, 5, 20),
        async (files, batchRows) => {
          const scans = await scansOf(files, batchRows === undefined ? {} : { batchRows })
          const alone = await outcome((metrics) => oneByOne(scans, { ...options }, metrics))
          const together = await outcome((metrics) =>
            scanCsvFiles(testContext(), unlimited, scans, { ...options }, metrics),
          )
          expect(together.failure).toEqual(alone.failure)
          if (alone.failure === null) {
            expect(together.rows).toEqual(alone.rows)
            const { rowsScanned, malformedRows, filesRead } = alone.metrics
            expect(together.metrics).toMatchObject({ rowsScanned, malformedRows, filesRead })
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('N-03: come as one batch, and each row tells its file, line and byte', async () => {
    const files = Array.from({ length: 50 }, (_, i) =>
      Buffer.from(`id,day,amount,note\r\n${'1,2026-01-01,1.00,x\r\n'.repeat(i % 4)}${i},,,"é\n${i}"\r\nnone,,,${i}`),
    )
    const scans = await scansOf(files)
    const { rows, batches, metrics } = await outcome((m) => scanCsvFiles(testContext(), unlimited, scans, {}, m))
    expect([batches, metrics.filesRead, metrics.malformedRows]).toEqual([1, 50, 50])
    const last = rows.filter((row) => row[10] !== null)
    expect(last).toHaveLength(50)
    for (const [i, row] of last.entries()) {
      const [, , , , path, , , number, lineNumber, offset, , raw] = row
      expect([path, number, lineNumber]).toEqual([`${i}.csv`, BigInt(i), BigInt((i % 4) + 4)])
      expect(files[i]!.subarray(Number(offset)).toString()).toBe(raw)
    }
  })

  it('that were replaced by longer or shorter ones since they were listed are read as by themselves', async () => {
    const scans = await scansOf(Array.from({ length: 4 }, (_, i) => Buffer.from(`id,day,amount,note\n${i},,,x\n`)))
    await store.put('1.csv', Buffer.from('id,day,amount,note\n1,,,x\n11,,,x\n'), 'overwrite')
    await store.put('2.csv', Buffer.from('id,day,amount,note\n'), 'overwrite')
    const { rows } = await outcome((metrics) => scanCsvFiles(testContext(), unlimited, scans, {}, metrics))
    expect(rows.map(([id]) => id)).toEqual([0n, 1n, 11n, 3n])
  })
})
