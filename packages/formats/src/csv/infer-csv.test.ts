import { describe, expect, it } from '@jest/globals'
import { describeSchema } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { batchFromRows, Arena } from '@deltaworks/columnar'
import { field, int64, schema, string } from '@deltaworks/schema'
import { inferCsvSchema, readCsvHeader, sniffCsv } from './infer-csv.js'
import { readCsvText, testContext } from './testing.js'
import { writeCsv } from './write-csv.js'

async function stored(text: string): Promise<MemoryStore> {
  const store = new MemoryStore('infer')
  await store.put('t.csv', new TextEncoder().encode(text), 'overwrite')
  return store
}

describe('E-25: inference', () => {
  it('finds types that hold every value', async () => {
    const text =
      'i,l,f,b,d,t,zip,s,n,huge\n1,1,1,true,2024-01-01,2024-01-01 10:00:00,01234,x,,9223372036854775808\n-2,3000000000,1.5,FALSE,2024-01-02,2024-01-01T00:00:00Z,99999,1,,1\n'
    expect(describeSchema(await inferCsvSchema(await stored(text), 't.csv'))).toBe(
      'i int, l bigint, f double, b boolean, d date, t timestamp, zip string, s string, n string, huge decimal(38,0)',
    )
  })

  it('reads the header', async () => {
    expect(await readCsvHeader(await stored('"a b",c\r1,2\r'), 't.csv')).toEqual(['a b', 'c'])
    expect(await readCsvHeader(await stored('1,2\n'), 't.csv', { header: false })).toEqual(['_c0', '_c1'])
    await expect(readCsvHeader(await stored(''), 't.csv')).rejects.toMatchObject({ code: 'DW-FORMAT-0032' })
  })

  it.each([
    ['a;b;c\r\n1,5;2;x\r\n2,5;3;y\r\n', { separator: ';', lineSeparator: '\r\n', header: true }],
    ['1\t2\n3\t4\n', { separator: '\t', lineSeparator: '\n', header: false }],
    ['"a","b"\r"x,y",1\r', { separator: ',', lineSeparator: '\r', header: true }],
    ['a|b\n1|2\n', { separator: '|', header: true }],
  ])('sniffs the dialect of %j', async (text, expected) => {
    expect(await sniffCsv(await stored(text), 't.csv')).toMatchObject(expected)
  })
})

describe('E-31: writing CSV', () => {
  it('writes what it reads back', async () => {
    const columns = schema([field('n', int64), field('t', string)])
    const rows = [
      [1n, 'plain'],
      [2n, 'a,b "c"\r\nd'],
      [null, ''],
      [3n, null],
      [4n, ' x '],
    ]
    const context = testContext()
    const arena = new Arena(context.heap)
    const parts: Uint8Array[] = []
    for await (const part of writeCsv(context.heap, columns, [batchFromRows(arena, columns, rows)])) parts.push(part)
    const text = Buffer.concat(parts).toString()
    expect(text).toBe('n,t\n1,plain\n2,"a,b ""c""\r\nd"\n,""\n3,\n4," x "\n')
    expect((await readCsvText(text, columns)).rows).toEqual(rows)
    arena.close()
  })
})
