import { createHash } from 'node:crypto'
import { bind, col, fn } from '@deltaworks/expression'
import { schema, string } from '@deltaworks/schema'
import { Arena } from '../arena.js'
import { createContext } from '../context.js'
import { readValues } from '../read-values.js'
import { batchFromRows } from '../values.js'
import { createEvaluator } from './evaluator.js'

describe('digests of texts', () => {
  it('E-09: MD5 of every length around the ends of blocks, of letters of all sizes', () => {
    const context = createContext()
    const arena = new Arena(context.heap)
    const input = schema([{ name: 't', type: string, nullable: true }])
    const texts = Array.from({ length: 200 }, (_, i) => 'añ日😀z'.repeat(i).slice(0, i)).map((text) =>
      Buffer.from(text).toString(),
    )
    const expressions = [
      bind(fn.md5(col('t')).node, input),
      bind(fn.translate(fn.md5(col('t')), 'abcdef', '012345').node, input),
    ]
    const batch = batchFromRows(arena, input, [...texts.map((text) => [text]), [null]])
    const [digests, digits] = createEvaluator(context, expressions, input, { mode: 'compiled' }).project(arena, batch)
    const expected = texts.map((text) => createHash('md5').update(text).digest('hex'))
    expect(readValues(arena.heap, digests!, 0, texts.length + 1)).toEqual([...expected, null])
    const put = (digest: string) => digest.replaceAll(/[a-f]/g, (letter) => String('abcdef'.indexOf(letter)))
    expect(readValues(arena.heap, digits!, 0, texts.length + 1)).toEqual([...expected.map(put), null])
    arena.close()
  })
})
