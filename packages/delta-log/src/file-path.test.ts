import { describe, expect, it } from '@jest/globals'
import { decodePath, encodePath, resolveFile } from './file-path.js'
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

describe('D-08: encodePath', () => {
  it.each([
    ['p=a b/é名🙂.parquet', 'p=a%20b/é名🙂.parquet'],
    ['p=a%20b/x', 'p=a%2520b/x'],
    ['a:b&c=d+e$f,g;h@i', 'a:b&c=d+e$f,g;h@i'],
    ['#?"<>[]^`{}|\\', '%23%3F%22%3C%3E%5B%5D%5E%60%7B%7D%7C%5C'],
    ['a\u00a0b\u0085c\u2028d', 'a%C2%A0b%C2%85c%E2%80%A8d'],
    ["plain-_.!~*'()", "plain-_.!~*'()"],
  ])('%j is %j, as a Java URI writes it, and comes back', (path, encoded) => {
    expect(encodePath(path)).toBe(encoded)
    expect(decodePath(encoded)).toBe(path)
  })
})
