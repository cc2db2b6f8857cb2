import { field, int64, list, nullType } from '@deltaworks/schema'
import { protocol } from '../actions/protocol.js'
import { commitPath, formatActions } from '../commit-file.js'
import { commit } from '../commit.js'
import { readNothing } from '../conflict.js'
import { readHistory } from '../history.js'
import { formatSchema } from '../schema-json.js'
import { readSnapshot } from '../snapshot.js'
import { commitTo, logNames, testLocation, testNowMs, testParquet } from '../testing-log.js'
import { testFile, testMetadata } from '../testing.js'

describe('rules for a whole commit', () => {
  it('D-07: every field of the metadata comes back', async () => {
    const location = testLocation()
    const metadata = testMetadata({
      name: 'né',
      description: 'what it is',
      formatOptions: { a: 'b' },
      configuration: { 'delta.appendOnly': 'true', own: 'x' },
      partitionColumns: ['id'],
      createdTimeMs: 12,
      schemaString: formatSchema({ fields: [field('id', int64), field('l', list(int64))] }),
    })
    await commitTo(location, null, [protocol(1, 2), metadata])
    expect((await readSnapshot(location, testParquet)).metadata).toEqual(metadata)
  })

  it('D-09: history has operation, parameters, metrics and user metadata', async () => {
    const location = testLocation()
    await commit({
      location,
      base: null,
      actions: [protocol(1, 2), testMetadata()],
      operation: { name: 'CREATE TABLE', parameters: { partitionBy: '[]' }, metrics: { numFiles: 3 } },
      reads: readNothing,
      isolation: 'Serializable',
      userMetadata: 'nightly',
      nowMs: () => testNowMs,
      parquet: testParquet,
    })
    const [entry] = await readHistory(location)
    expect(entry!.info).toMatchObject({
      operation: 'CREATE TABLE',
      operationParameters: { partitionBy: '[]' },
      operationMetrics: { numFiles: '3' },
      userMetadata: 'nightly',
      engineInfo: expect.stringContaining('Deltaworks'),
      timestampMs: testNowMs,
    })
  })

  it.each([
    'geospatial',
    'adaptiveMetadata-dev',
    'redirectReaderWriter-preview',
    'intervalTypes',
    'nanosecondTimestamps',
    'catalogManaged',
  ])('D-56: %s is refused by name, to readers and writers', async (name) => {
    const location = testLocation()
    const first = formatActions([protocol(3, 7, [name], [name]), testMetadata()])
    await location.store.put(commitPath(location, 0), first, 'create')
    await expect(readSnapshot(location, testParquet)).rejects.toMatchObject({
      fault: 'unsupported',
      message: expect.stringContaining(`"${name}"`),
    })
  })

  it('D-07: a metaData action without a schema is told', async () => {
    const location = testLocation()
    const first = formatActions([protocol(1, 2), testMetadata({ schemaString: '' })])
    await location.store.put(commitPath(location, 0), first, 'create')
    await expect(readSnapshot(location, testParquet)).rejects.toMatchObject({
      code: 'DW-DELTA-0012',
      details: { errorKind: 'missing-metadata' },
    })
  })

  it('D-56: types that are not known are refused with their column', async () => {
    for (const type of ['"timestamp_nanos"', '"interval day to second"', '"geometry(OGC:CRS84)"', '{"type":"udt"}']) {
      const location = testLocation()
      const schemaString = `{"type":"struct","fields":[{"name":"x","type":${type},"nullable":true,"metadata":{}}]}`
      const first = formatActions([protocol(1, 2), testMetadata({ schemaString })])
      await location.store.put(commitPath(location, 0), first, 'create')
      await expect(readSnapshot(location, testParquet)).rejects.toMatchObject({
        code: 'DW-DELTA-0012',
        fault: 'unsupported',
      })
    }
  })

  it('D-56: a table of other files than Parquet is refused', async () => {
    const location = testLocation()
    const first = formatActions([protocol(1, 2), testMetadata({ formatProvider: 'orc' })])
    await location.store.put(commitPath(location, 0), first, 'create')
    await expect(readSnapshot(location, testParquet)).rejects.toMatchObject({
      message: expect.stringContaining('"orc"'),
    })
  })

  it('D-29: a change of type that is no widening is refused to readers', async () => {
    const location = testLocation()
    const metadata = { 'delta.typeChanges': [{ fromType: 'string', toType: 'long' }] }
    const schemaString = formatSchema({ fields: [field('x', int64, true, metadata)] })
    await location.store.put(
      commitPath(location, 0),
      formatActions([protocol(3, 7, ['typeWidening'], ['typeWidening']), testMetadata({ schemaString })]),
      'create',
    )
    await expect(readSnapshot(location, testParquet)).rejects.toMatchObject({ code: 'DW-DELTA-0012' })
  })

  it('D-01: actions that reconcile with each other, and features that exclude one another, are not committed', async () => {
    const location = testLocation()
    const base = await commitTo(location, null, [protocol(1, 7, null, ['appendOnly']), testMetadata()])
    const txn = { kind: 'txn', appId: 'a', version: 1, lastUpdatedMs: null } as const
    const domain = { kind: 'domainMetadata', domain: 'd', configuration: '', removed: false } as const
    const faults: readonly Parameters<typeof commitTo>[2][] = [
      [testFile('a b'), testFile('a%20b')],
      [txn, { ...txn, version: 2 }],
      [domain, domain],
      [testMetadata(), testMetadata()],
      [protocol(3, 7, ['deletionVectors'], [])],
      [protocol(3, 7, null, [])],
      [protocol(1, 7, null, ['rowTracking'])],
      [protocol(1, 7, null, ['clustering', 'domainMetadata']), testMetadata({ partitionColumns: ['id'] })],
      [testMetadata({ schemaString: formatSchema({ fields: [field('v', nullType)] }) }), testFile('x')],
    ]
    for (const actions of faults) {
      await expect(commitTo(location, base, actions)).rejects.toMatchObject({ code: 'DW-DELTA-0022' })
    }
    expect((await logNames(base)).filter((name) => name.endsWith('.json'))).toHaveLength(1)
  })
})
