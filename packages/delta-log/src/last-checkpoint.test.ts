import type { JsonObject } from './json.js'
import { canonicalForm, jsonChecksum, readLastCheckpoint } from './last-checkpoint.js'
import { contentOf, logOf, testParquet } from './testing-log.js'
import { readSnapshot } from './snapshot.js'

const hint = 't/_delta_log/_last_checkpoint'

describe('the hint to the last checkpoint', () => {
  it('D-16: canonical form and MD5 are those of the protocol’s example', () => {
    const json = JSON.parse(
      `{"k0":"'v 0'", "checksum": "adsaskfljadfkjadfkj", "k1":{"k2": 2, "k3": ["v3", [1, 2], {"k4": "v4", "k5": ["v5", "v6", "v7"]}]}}`,
    ) as JsonObject
    expect(canonicalForm(json)).toBe(
      '"k0"="%27v%200%27","k1"+"k2"=2,"k1"+"k3"+0="v3","k1"+"k3"+1+0=1,"k1"+"k3"+1+1=2,"k1"+"k3"+2+"k4"="v4","k1"+"k3"+2+"k5"+0="v5","k1"+"k3"+2+"k5"+1="v6","k1"+"k3"+2+"k5"+2="v7"',
    )
    expect(jsonChecksum(json)).toBe('6a92d155a59bf2eecbd4b4ec7fd1f875')
  })

  it('D-16: it is written with its checksum, and one that does not fit is not believed', async () => {
    const snapshot = await logOf(12)
    const { location } = snapshot
    expect(await readLastCheckpoint(location)).toBe(10)
    const text = Buffer.from(await location.store.get(hint)).toString()
    expect(text).toMatch(/"checksum":"[0-9a-f]{32}"/)
    await location.store.put(hint, Buffer.from(text.replace(/"size":\d+/, '"size":99')), 'overwrite')
    expect(await readLastCheckpoint(location)).toBeNull()
    expect(contentOf(await readSnapshot(location, testParquet))).toEqual(contentOf(snapshot))
  })
})
