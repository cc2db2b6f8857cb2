import { createHash } from 'node:crypto'
import { readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { bigint, string } from './column-definition.js'
import { defineLakehouse } from './lakehouse-definition.js'
import { splitBytes } from './landing-ranges.js'
import { runLakehouse } from './run.js'
import type { RunResult } from './run-result.js'
import { csvFiles } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { TestLake } from './testing/test-lake.js'

const defined = (name: string, audit: readonly 'source_checksum'[] = []) =>
  defineLakehouse({
    name: 't',
    description: 'For tests.',
    tables: [
      defineTable({
        name,
        layer: 'raw',
        columns: { id: bigint(), v: string() },
        source: csvFiles('t_*.csv', { audit }),
      }),
    ],
    configuration: z.strictObject({}),
    environments: '.',
  })

const hashOf = (lake: TestLake, path: string): string =>
  createHash('sha256')
    .update(readFileSync(join(lake.landing, path)))
    .digest('hex')

/** Files that are hashed by the scan that reads them: those of a group, those that fall out of it, and those that no scan has whole. */
describe.each([
  ['in memory', 1 << 30],
  ['written as they are read', 0],
])('landing files %s', (_, inMemoryBytes) => {
  let lake: TestLake
  beforeAll(() => {
    lake = new TestLake()
    for (let i = 0; i < 40; i++) lake.land(`t_${i}.csv`, `id,v\n${i},text ${i}\n`)
    lake.land('t_other.csv', 'v,id\nx,40\n')
    lake.land('t_utf16.csv', Buffer.from('\ufeffid,v\n41,é\n', 'utf16le'))
    lake.land('t_large.csv', `id,v\n${'42,a text that is long\n'.repeat(20_000)}`)
  })
  afterAll(() => lake.close())

  const run = (audit: readonly 'source_checksum'[] = []) =>
    runLakehouse({ ...lake.options(defined(audit.length === 0 ? 't' : 'checked', audit)), inMemoryBytes })
  const sha256 = (path: string): string => hashOf(lake, path)

  it('M-007 M-011: have the hash of their content; another time of theirs is no other content', async () => {
    const { files } = await run()
    expect(files).toHaveLength(43)
    expect(files.map(({ path, sha256, state }) => [path, sha256, state])).toEqual(
      files.map(({ path }) => [path, sha256(path), 'new']),
    )
    for (const { path } of files) utimesSync(join(lake.landing, path), 1, 1)
    const again = await run()
    expect([again.status, again.files.filter(({ state }) => state !== 'known')]).toEqual(['unchanged', []])
    lake.land('t_7.csv', 'id,v\n7,text 8\n')
    const changed = await run()
    expect(changed.files.filter(({ state }) => state !== 'known')).toEqual([
      { table: 't', path: 't_7.csv', sizeBytes: 14, sha256: sha256('t_7.csv'), state: 'changed' },
    ])
    expect(await lake.rows('raw/t', 'id', 'v')).toContain('{"id":7,"v":"text 8"}')
  })

  it('M-007: tell it in their rows', async () => {
    await run(['source_checksum'])
    expect(await lake.rows('raw/checked', 'source_file', 'source_checksum')).toContain(
      `{"source_file":"t_3.csv","source_checksum":"${sha256('t_3.csv')}"}`,
    )
  })
})

/** One that is read in parts, and hashed beside that. */
describe('a large landing file', () => {
  let lake: TestLake
  beforeAll(() => (lake = new TestLake()))
  afterAll(() => lake.close())
  const path = 't_0.csv'
  const line = `42,${'a text that is long '.repeat(20)}\n`
  const land = (first: string): void =>
    lake.land(path, `id,v\n1,${first}\n${line.repeat(Math.ceil(splitBytes / line.length))}`)
  const told = ({ files }: RunResult) => files.map(({ state, sha256 }) => [state, sha256])

  it('M-007 M-011: has the hash of its content, however it comes again', async () => {
    land('one')
    const run = () => runLakehouse(lake.options(defined('t')))
    expect(told(await run())).toEqual([['new', hashOf(lake, path)]])
    utimesSync(join(lake.landing, path), 1, 1)
    const again = await run()
    expect([again.status, again.files[0]!.state]).toEqual(['unchanged', 'known'])
    land('two')
    expect(told(await run())).toEqual([['changed', hashOf(lake, path)]])
    expect((await lake.rows('raw/t', 'id', 'v')).filter((row) => row.includes('two'))).toHaveLength(1)
  })
})
