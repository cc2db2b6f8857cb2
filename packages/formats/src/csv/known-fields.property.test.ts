import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { batchToRows, unlimited } from '@deltaworks/columnar'
import type { Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan } from '../file-scan.js'
import { scanCsv } from './scan-csv.js'
import { testContext, textColumns } from './testing.js'

/** A field as it stands in the file, and what it means: the definition, written without a look at the reader. */
const meaningOf = (field: string): string | null =>
  field === '' ? null : field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field

/** Fields around the sizes that kernels tell apart, that differ at their first or last byte, or in what is behind a zero. */
const word = fc
  .tuple(fc.constantFrom(0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 60), fc.constantFrom('a', 'b', '\u0000', 'é'), fc.nat(3))
  .map(([size, letter, end]) => (size === 0 ? '' : letter.repeat(size - 1) + String(end)))
const field = fc.oneof(
  { weight: 4, arbitrary: word },
  { weight: 1, arbitrary: word.map((text) => `"${text}"`) },
  { weight: 1, arbitrary: word.map((text) => `"${text}"",${text}"`) },
)

describe('fields that a column had before', () => {
  it('E-23: are the texts that they are, whatever their size and quotes', async () => {
    const pools = fc.uniqueArray(field, { minLength: 2, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(pools, fc.nat(), fc.constantFrom(130, 700, 5000), async (pool, seed, batchRows) => {
        // Short ones first: slots become wide in between. A file that begins with a zero byte is no text.
        const at = (row: number, by: number): string => (row < 400 ? 'short' : pool[(row * by + seed) % pool.length]!)
        const lines = Array.from({ length: 2500 }, (_, row) => [at(row, 1), at(row, 7), at(row, 31)])
        const bytes = new TextEncoder().encode(`a,b,c\n${lines.map((line) => line.join(',')).join('\n')}\n`)
        const store = new MemoryStore('csv')
        await store.put('t.csv', bytes, 'overwrite')
        const schema = textColumns('a', 'b', 'c')
        const scan = fileScan({ store, path: 't.csv', sizeBytes: bytes.byteLength, schema, batchRows })
        const context = testContext()
        const rows: Value[][] = []
        let coded = 0
        for await (const batch of scanCsv(context, unlimited, scan, {})) {
          rows.push(...batchToRows(context.heap, batch))
          coded += batch.columns.filter(({ dictionary }) => dictionary !== null).length
        }
        expect(rows).toEqual(lines.map((line) => line.map(meaningOf)))
        expect(coded).toBeGreaterThan(0)
      }),
      { numRuns: 40 },
    )
  })
})
