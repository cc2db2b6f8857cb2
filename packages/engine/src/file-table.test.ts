import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Arena, batchFromRows, unlimited } from '@deltaworks/columnar'
import { writeArrow } from '@deltaworks/formats'
import { field, int64, string, type Schema } from '@deltaworks/schema'
import { Session } from './session.js'

/** An Avro file of names, all shorter than 64 bytes. */
function avroFile(names: readonly string[]): Uint8Array {
  const text = (of: string): Buffer => Buffer.concat([Buffer.from([of.length * 2]), Buffer.from(of)])
  const schema = '{"type":"record","name":"R","fields":[{"name":"name","type":"string"}]}'
  const metadata = [
    Buffer.from([2]),
    text('avro.schema'),
    Buffer.from([0x8e, 0x01]),
    Buffer.from(schema),
    Buffer.from([0]),
  ]
  const sync = Buffer.alloc(16, 7)
  const rows = Buffer.concat(names.map(text))
  return Buffer.concat([
    Buffer.from('Obj\x01'),
    ...metadata,
    sync,
    Buffer.from([names.length * 2, rows.length * 2]),
    rows,
    sync,
  ])
}

describe('files in SQL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-files-'))
  const session = Session.create({ threads: 2, inlineBytes: 0 })
  afterAll(async () => {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('E-31 E-21: Avro and Arrow files are tables, by a function, by their path, in a folder', async () => {
    writeFileSync(join(folder, 'a.avro'), avroFile(['ann', 'bo']))
    writeFileSync(join(folder, 'b.avro'), avroFile(['cy']))
    const schema: Schema = { fields: [field('id', int64), field('name', string)] }
    const arena = new Arena(session.context.heap)
    const parts: Uint8Array[] = []
    const batch = batchFromRows(arena, schema, [
      [9_007_199_254_740_993n, 'ann'],
      [2n, 'cy'],
    ])
    for await (const part of writeArrow(session.context, unlimited, schema, [batch])) parts.push(part)
    arena.close()
    writeFileSync(join(folder, 'ids.arrow'), Buffer.concat(parts))
    const { rows } = await session.sql(
      `select name, id from read_avro('${folder}/*.avro') left join '${folder}/ids.arrow' using (name) order by name`,
    )
    expect(rows).toEqual([
      ['ann', 9_007_199_254_740_993n],
      ['bo', null],
      ['cy', 2n],
    ])
    expect((await session.sql(`select count(*) from avro.\`${folder}\``)).rows).toEqual([[3n]])
    writeFileSync(join(folder, 'c.avro'), 'no Avro at all')
    await expect(session.sql(`select * from '${folder}/c.avro'`)).rejects.toMatchObject({ code: 'DW-FORMAT-0080' })
  })
})
