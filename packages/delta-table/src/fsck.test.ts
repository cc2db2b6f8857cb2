import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { col, lit } from '@deltaworks/expression'
import { DeltaTable } from './delta-table.js'
import { peopleOf, rowsIn, testSession as session } from './testing-table.js'

async function tableOf(files: number): Promise<{ table: DeltaTable; paths: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-fsck-'))
  const properties = { 'delta.enableDeletionVectors': 'true' }
  let table = await DeltaTable.createWith(
    session,
    folder,
    peopleOf(...Array.from({ length: 400 }, (_, i) => [1000 + i, 'a'] as const)),
    { properties },
  )
  for (let i = 1; i < files; i++) table = await table.append(peopleOf([i, 'x']))
  const names = [...table.snapshot.files.values()].map(({ path }) => path)
  return { table, paths: names.map((name) => join(folder, name)) }
}

describe('FSCK', () => {
  it('D-83: a sound table has no findings, and fits its checksum', async () => {
    const { table } = await tableOf(3)
    expect(await table.check()).toMatchObject({ version: 2, filesChecked: 3, findings: [], checksum: 'fits' })
    expect((await table.repair()).version).toBe(2)
  })

  it('D-83: missing, cut, damaged files and deletion vectors are found, and taken out in one commit', async () => {
    const { table, paths } = await tableOf(5)
    const marked = await table.delete(
      col('id')
        .ge(1000)
        .and(col('id').mod(lit(3)).eq(0)),
    )
    rmSync(paths[1]!)
    truncateSync(paths[2]!, 10)
    const { sizeBytes } = [...table.snapshot.files.values()][3]!
    writeFileSync(paths[3]!, Buffer.alloc(sizeBytes))
    const vectors = (await table.location.store.list(table.location.path)).filter(({ path }) => path.endsWith('.bin'))
    await table.location.store.delete(vectors.map(({ path }) => path))
    const { findings } = await marked.check()
    expect(findings.map(({ fault }) => fault).sort()).toEqual(['deletion-vector', 'missing', 'size', 'unreadable'])
    expect((await marked.check({ deep: false })).findings.map(({ fault }) => fault).sort()).toEqual([
      'deletion-vector',
      'missing',
      'size',
    ])
    const repaired = await marked.repair()
    expect([repaired.version, await rowsIn(repaired)]).toEqual([marked.version + 1, [[4n, 'x']]])
    expect((await repaired.history(1))[0]!.info!.operation).toBe('FSCK')
    expect((await repaired.check()).findings).toEqual([])
  })
})
