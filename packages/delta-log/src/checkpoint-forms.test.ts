import { date, decimal, field, int64, string, struct, timestamp } from '@deltaworks/schema'
import { protocol } from './actions/protocol.js'
import { writeCheckpoint } from './checkpoint-write.js'
import { commitPath } from './commit-file.js'
import { formatSchema } from './schema-json.js'
import { readSnapshot, type Snapshot } from './snapshot.js'
import { parseStatistics } from './statistics.js'
import { contentOf, logNames, logOf, testNowMs, testParquet } from './testing-log.js'

const schema = {
  fields: [
    field('id', int64),
    field('day', date),
    field('s', struct([field('name', string), field('at', timestamp), field('price', decimal(20, 2))])),
  ],
}
const v2 = protocol(3, 7, ['v2Checkpoint'], ['v2Checkpoint'])

const stats = (version: number): string =>
  `{"numRecords":${version},"minValues":{"id":9007199254740993,"s":{"name":"aä","at":"2020-01-01T00:00:00.000Z","price":1.20}},"maxValues":{"id":9007199254740995,"s":{"name":"bß","at":"2021-01-01T00:00:00.123Z","price":12345678901234567.89}},"nullCount":{"id":0,"s":{"name":1,"at":0,"price":0}}}`

const tableOf = (configuration: Record<string, string>, last = 7): Promise<Snapshot> =>
  logOf(last, {
    metadata: { configuration, schemaString: formatSchema(schema), partitionColumns: ['day'] },
    protocol: v2,
    stats,
    partitionValues: (version) => ({ day: version % 2 === 0 ? null : '2020-02-29' }),
  })

/** The version read from the checkpoint alone. */
async function readBehind(snapshot: Snapshot): Promise<Snapshot> {
  const { location, version } = snapshot
  await location.store.delete(Array.from({ length: version }, (_, i) => commitPath(location, i)))
  return readSnapshot(location, testParquet)
}

describe('forms of checkpoints', () => {
  it.each([
    ['json', 'json', 3],
    ['Parquet', 'parquet', 100],
  ] as const)('D-13, D-14: V2 with a top level of %s and sidecars', async (_, topLevel, actionsASidecar) => {
    const snapshot = await tableOf({ 'delta.checkpointPolicy': 'v2' })
    const result = await writeCheckpoint(snapshot, testParquet, testNowMs, { topLevel, actionsASidecar })
    const names = await logNames(snapshot)
    expect(result.path).toMatch(new RegExp(`7\\.checkpoint\\.[0-9a-f-]{36}\\.${topLevel}$`))
    expect(names.filter((name) => name.startsWith('_sidecars/'))).toHaveLength(topLevel === 'json' ? 3 : 1)
    expect(contentOf(await readBehind(snapshot))).toEqual(contentOf(snapshot))
  })

  it('D-13: every tenth version has the classic name as well, with the same sidecars', async () => {
    const snapshot = await tableOf({ 'delta.checkpointPolicy': 'v2' }, 10)
    const names = await logNames(snapshot)
    expect(names).toContain('00000000000000000010.checkpoint.parquet')
    const named = names.find((name) => /checkpoint\.[0-9a-f-]{36}\.json$/.test(name))!
    await snapshot.location.store.delete([`t/_delta_log/${named}`])
    expect(contentOf(await readBehind(snapshot))).toEqual(contentOf(snapshot))
  })

  it('D-13: the policy alone, without the feature, gives a classic checkpoint', async () => {
    const snapshot = await logOf(10, { metadata: { configuration: { 'delta.checkpointPolicy': 'v2' } } })
    expect((await logNames(snapshot)).filter((name) => name.includes('checkpoint'))).toEqual([
      '00000000000000000010.checkpoint.parquet',
      '_last_checkpoint',
    ])
  })

  it('D-15: statistics as struct, as text, as both; bounds are the same from either', async () => {
    for (const [json, parsed] of [
      [true, true],
      [true, false],
      [false, true],
    ] as const) {
      const snapshot = await tableOf({
        'delta.checkpoint.writeStatsAsJson': String(json),
        'delta.checkpoint.writeStatsAsStruct': String(parsed),
      })
      const { path, sizeBytes } = await writeCheckpoint(snapshot, testParquet, testNowMs)
      const written = await testParquet.schema(snapshot.location.store, path, sizeBytes)
      const add = written.fields.find(({ name }) => name === 'add')!.type
      const members = add.kind === 'struct' ? add.fields.map(({ name }) => name) : []
      expect([
        members.includes('stats'),
        members.includes('stats_parsed'),
        members.includes('partitionValues_parsed'),
      ]).toEqual([json, parsed, parsed])
      const read = await readBehind(snapshot)
      const bounds = (of: Snapshot) => {
        const statistics = parseStatistics(of.files.get('f3')!.stats)!
        return [
          statistics.rowCount,
          statistics.column(['id'], int64),
          statistics.column(['s', 'name'], string),
          statistics.column(['s', 'at'], timestamp),
          statistics.column(['s', 'price'], decimal(20, 2)),
        ]
      }
      expect(bounds(read)).toEqual(bounds(snapshot))
    }
  })

  it('D-15: without statistics in any form there are none to read', async () => {
    const snapshot = await tableOf({ 'delta.checkpoint.writeStatsAsJson': 'false' })
    await writeCheckpoint(snapshot, testParquet, testNowMs)
    expect([...(await readBehind(snapshot)).files.values()].map((file) => file.stats)).toEqual(new Array(7).fill(null))
  })
})
