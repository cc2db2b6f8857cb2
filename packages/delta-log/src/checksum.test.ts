import { readChecksum, verifyChecksum, writeChecksum } from './checksum.js'
import { fileSizeBins, fileSizeHistogram } from './checksum-histogram.js'
import { commitPath, formatActions } from './commit-file.js'
import { readSnapshot } from './snapshot.js'
import { commitTo, logOf, testParquet } from './testing-log.js'
import { testFile } from './testing.js'

const crc = (version: number): string => `t/_delta_log/${String(version).padStart(20, '0')}.crc`

describe('version checksums', () => {
  it('D-18: every commit leaves one that fits, with counts, sizes, metadata, protocol and transactions', async () => {
    const snapshot = await logOf(3)
    for (const version of [0, 1, 2, 3]) {
      const read = await readSnapshot(snapshot.location, testParquet, { version })
      expect(await verifyChecksum(read)).toBe(true)
    }
    expect(await readChecksum(snapshot.location, 3)).toMatchObject({
      numFiles: 3,
      tableSizeBytes: 3,
      setTransactions: [{ appId: 'app', version: 3 }],
      metadata: { id: snapshot.metadata.id },
      protocol: { minReaderVersion: 1 },
    })
  })

  it('D-18: one that is there is not written again', async () => {
    const snapshot = await logOf(1)
    await snapshot.location.store.put(crc(1), Buffer.from('{"numFiles":7}'), 'overwrite')
    await writeChecksum(snapshot)
    expect((await readChecksum(snapshot.location, 1))?.numFiles).toBe(7)
  })

  it('D-18: a log that was changed behind its checksum is found out', async () => {
    const snapshot = await logOf(3)
    const { location } = snapshot
    await location.store.put(commitPath(location, 2), formatActions([testFile('other', { sizeBytes: 5 })]), 'overwrite')
    await expect(verifyChecksum(await readSnapshot(location, testParquet))).rejects.toMatchObject({
      code: 'DW-DELTA-0021',
      details: { what: 'the size of the files in bytes', recorded: '3', found: '7' },
    })
  })

  it('D-18: a missing or malformed one stops nobody', async () => {
    const snapshot = await logOf(2)
    const { location } = snapshot
    await location.store.put(crc(2), Buffer.from('{"numFi'), 'overwrite')
    const read = await readSnapshot(location, testParquet)
    expect(await verifyChecksum(read)).toBe(false)
    await location.store.delete([crc(2)])
    expect(await verifyChecksum(await readSnapshot(location, testParquet))).toBe(false)
    expect((await commitTo(location, read, [testFile('x')])).files.size).toBe(3)
  })

  it('D-18: the histogram of sizes has Delta’s bins', () => {
    expect(fileSizeBins).toHaveLength(95)
    const sizes = [0, 8191, 8192, 300 * 1024 ** 3]
    const histogram = fileSizeHistogram(sizes.map((sizeBytes, i) => testFile(String(i), { sizeBytes })))
    const counts = histogram['fileCounts'] as number[]
    expect([counts[0], counts[1], counts.at(-1)]).toEqual([2, 1, 1])
  })
})
