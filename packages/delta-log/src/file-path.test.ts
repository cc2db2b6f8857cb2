import { describe, expect, it } from '@jest/globals'
import { resolveFile } from './file-path.js'
import { tableLocation } from './table-location.js'

describe('D-08: resolveFile', () => {
  it.each([
    ['/lake/t', 'a%20b.parquet', 'file:///', 'lake/t/a b.parquet'],
    ['/lake/t', '/other/a%20b.parquet', 'file:///', 'other/a b.parquet'],
    ['/lake/t', 'file:/other/a%20b.parquet', 'file:///', 'other/a b.parquet'],
    ['/lake/t', 's3a://bucket/p%3D1/a%20b.parquet', 's3://bucket', 'p=1/a b.parquet'],
    ['s3://lake/t', 'day=2026-01-01/a%20b.parquet', 's3://lake', 't/day=2026-01-01/a b.parquet'],
    ['s3://lake/t', 's3://lake/u/a%2525.parquet', 's3://lake', 'u/a%25.parquet'],
    ['s3://lake/t', 'file:///x/y.parquet', 'file:///', 'x/y.parquet'],
  ])('of a table at %s, %s is in %s', (table, path, store, resolved) => {
    const file = resolveFile(tableLocation(table), path)
    expect([file.store.uri, file.path]).toEqual([store, resolved])
  })
})
