import { describe, expect, it } from '@jest/globals'
import { joinPath } from './object-path.js'
import { isThreadLocal, openStore, resolveUri, splitUri } from './open-store.js'

describe('resolveUri', () => {
  it.each([
    ['/lake', 'file:///lake'],
    ['/lake/', 'file:///lake'],
    ['lake/../x y', 'file:///home/x%20y'],
    ['.', 'file:///home'],
    ['/', 'file:///'],
    ['/a%20b#c?d', 'file:///a%2520b%23c%3Fd'],
    ['file:///lake/raw/', 'file:///lake/raw'],
    ['FILE:///lake/./raw', 'file:///lake/raw'],
    ['memory://x', 'memory://x'],
    ['memory://x//a/', 'memory://x/a'],
    ['s3://bucket', 's3://bucket'],
    ['S3://bucket//a b%20c/./d/', 's3://bucket/a b%20c/d'],
    ['s3a://bucket/x', 's3://bucket/x'],
  ])('%s → %s', (text, uri) => {
    expect(resolveUri(text, '/home')).toBe(uri)
    expect(resolveUri(uri)).toBe(uri)
  })

  it.each([
    ['s3://b/x', 'DW-STORAGE-0007'],
    ['s3:///x', 'DW-STORAGE-0007'],
    ['s3://bucket/../x', 'DW-STORAGE-0007'],
    ['gopher://x', 'DW-STORAGE-0006'],
    ['', 'DW-STORAGE-0007'],
    ['file://host/x', 'DW-STORAGE-0007'],
    ['memory://x/../y', 'DW-STORAGE-0007'],
  ])('refuses %j', (text, code) => {
    expect(() => resolveUri(text)).toThrow(expect.objectContaining({ code }))
  })
})

describe('splitUri', () => {
  it.each([
    ['/lake/raw/t', 'file:///', 'lake/raw/t'],
    ['file:///a%20b', 'file:///', 'a b'],
    ['memory://x/a/b', 'memory://x', 'a/b'],
    ['memory://x', 'memory://x', ''],
    ['s3://bucket/a/b c', 's3://bucket', 'a/b c'],
    ['s3://bucket/', 's3://bucket', ''],
  ])('%s', (text, store, path) => {
    expect(splitUri(text)).toEqual({ store, path })
  })
})

describe('openStore', () => {
  it('gives one store a location', () => {
    expect(openStore('/lake')).toBe(openStore('file:///lake/'))
    expect(openStore('memory://one')).toBe(openStore('memory://one'))
    expect(openStore('memory://one')).not.toBe(openStore('memory://two'))
    expect(openStore('/lake').uri).toBe('file:///lake')
    expect(openStore('s3://bucket/a/')).toBe(openStore('s3n://bucket/a'))
    expect(openStore('s3://bucket/a').uri).toBe('s3://bucket/a')
    expect(isThreadLocal('s3://bucket')).toBe(false)
    expect(isThreadLocal(openStore('memory://one').uri)).toBe(true)
  })

  it('refuses what it cannot open', () => {
    expect(() => openStore('ftp://host/x')).toThrow(
      expect.objectContaining({ code: 'DW-STORAGE-0006', fault: 'unsupported' }),
    )
    expect(() => openStore('memory://a/b')).toThrow(expect.objectContaining({ code: 'DW-STORAGE-0007' }))
  })

  it('reaches a file through the whole file system', async () => {
    const { store, path } = splitUri(import.meta.url)
    expect((await openStore(store).head(path)).sizeBytes).toBeGreaterThan(100)
  })
})

describe('joinPath', () => {
  it.each([
    [['a', 'b'], 'a/b'],
    [['a/', '/b/', '', 'c/'], 'a/b/c'],
    [['', 'x'], 'x'],
    [['/', 'x'], '/x'],
    [[''], ''],
  ])('%j → %s', (parts, joined) => {
    expect(joinPath(...parts)).toBe(joined)
  })
})
