import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from '@jest/globals'
import { scan, scanNode, sortNode, type LogicalPlan, type Sort } from '@deltaworks/plan'
import type { Value } from '@deltaworks/schema'
import { fileTable } from './file-table.js'
import { Session } from './session.js'
import { segmentTables, testTables } from './testing.js'

const text = (row: readonly Value[]): string => row.map(String).join('|')

describe('a sort that knows where to cut', () => {
  const { orders } = segmentTables({ orders: testTables(4000).orders! }, 157)
  const one = Session.create({ threads: 1 })
  const two = Session.create({ threads: 2, inlineBytes: 0, morselBytes: 1, memoryBytes: 256 * 1024 * 1024 })
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-sort-ranges-'))
  afterAll(async () => {
    await Promise.all([one.close(), two.close()])
    rmSync(folder, { recursive: true })
  })

  const input = scanNode(orders!)
  const sortedBy = (name: string, cuts?: readonly Value[], nullsFirst = true): Sort => {
    const index = input.schema.fields.findIndex((field) => field.name === name)
    const { type, nullable } = input.schema.fields[index]!
    const expression = { kind: 'column', index, name, type, nullable } as const
    const sort = sortNode(input, [{ expression, descending: false, nullsFirst }])
    return cuts === undefined ? sort : { ...sort, cuts }
  }
  const rowsOf = async (session: Session, plan: LogicalPlan): Promise<string[]> =>
    (await session.collect(plan)).rows.map(text)

  it.each([
    ['numbers', 'amount', [-20_000n, 0n, 1n, 75_000n, 149_999n]],
    ['texts', 'region', ['', 'NA', 'south']],
    ['one cut', 'quantity', [7]],
    ['values that no row has', 'quantity', [-5, 400, 500]],
  ] as const)('E-19: gives the rows of one that does not, ties in their order: %s', async (_, column, cuts) => {
    for (const nullsFirst of [true, false]) {
      const expected = await rowsOf(one, sortedBy(column, undefined, nullsFirst))
      expect(await rowsOf(two, sortedBy(column, cuts, nullsFirst))).toEqual(expected)
    }
    expect(two.pool.usedBytes).toBe(0)
  })

  it('E-19: is written by several threads as files that follow one another', async () => {
    const cuts = Array.from({ length: 31 }, (_, i) => BigInt((i + 1) * 125))
    const store = pathToFileURL(folder).href
    const sink = { store, directory: 'out', partitionBy: [], compression: 'snappy', targetFileBytes: 1e9 } as const
    const { files, rowCount } = await two.writeFiles(sortedBy('id', cuts), sink)
    expect(rowCount).toBe(4000)
    const ranges = files.map((file) => {
      const { min, max } = file.statistics.find(({ path }) => path[0] === 'id')!
      return { min: min as bigint, max: max as bigint, rows: BigInt(file.rowCount) }
    })
    // Each holds all ids of its range, so none lies in another.
    for (const { min, max, rows } of ranges) expect(max - min + 1n).toBe(rows)
    const { rows } = await two.collect(scan(await fileTable(join(folder, files[0]!.path), 'parquet')).plan)
    const ids = rows.map((row) => row[0] as bigint)
    expect(ids).toEqual([...ids].sort((a, b) => Number(a - b)))
  })
})
