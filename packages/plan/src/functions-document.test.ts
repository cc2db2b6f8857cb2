import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { functionExamples } from './function-examples.js'
import { documentedFunctions, exampleResult, functionsDocument } from './functions-document.js'

const page = new URL('../../../docs/functions.md', import.meta.url)

describe('docs/functions.md', () => {
  it('E-12: has every function, and is what the registries say', async () => {
    expect(Object.keys(functionExamples).sort()).toEqual(
      documentedFunctions()
        .map((f) => f.name)
        .sort(),
    )
    const document = await functionsDocument()
    if (process.env['DELTAWORKS_UPDATE_DOCS'] === '1') writeFileSync(page, document)
    expect(readFileSync(page, 'utf8')).toBe(document)
  })

  const cells = (line: string): string[] => line.split(/(?<!\\)\|/).map((text) => text.trim().replaceAll('\\|', '|'))
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map(cells)
    .map((of) => ({ example: of[4]!.slice(1, -1), gives: of[5]!.slice(1, -1) }))

  it.each(rows)('E-10: $example gives $gives', async ({ example, gives }) => {
    expect((await exampleResult(example)).trim()).toBe(gives.trim())
  })
})
