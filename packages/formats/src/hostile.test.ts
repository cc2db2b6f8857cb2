import { createContext } from '@deltaworks/columnar'
import { damaged, outcome, poison, random, soundFiles } from './testing/hostile-files.js'

describe('damaged files of every format', () => {
  it('E-24, E-26, E-27, E-31: give rows or one clear error, within the budget, and never what is beyond their bytes', async () => {
    const contexts = [
      createContext({ limitBytes: 512 * 1024 * 1024 }),
      createContext({ limitBytes: 512 * 1024 * 1024 }),
    ]
    const files = await soundFiles(contexts[0]!)
    for (const file of files) expect(await outcome(contexts[0]!, file.kind, file.bytes, false)).not.toMatch(/DW-/)
    for (let seed = 1_000_000; seed < 1_000_600; seed++) {
      const next = random(seed)
      const file = files[seed % files.length]!
      const bytes = damaged(file, next)
      const results: string[] = []
      for (const [i, context] of contexts.entries()) {
        poison(context, i === 0 ? 0x00 : 0xa5)
        results.push(await outcome(context, file.kind, bytes, seed % 3 === 0))
      }
      expect([seed, results[0] === results[1]]).toEqual([seed, true])
    }
  })
})
