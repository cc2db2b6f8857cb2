import { readFileSync } from 'node:fs'

export const readLines = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')

/** Lines of different writers are compared as data, in any order: spelling of numbers and escapes aside. */
export function difference(expected: readonly string[], actual: readonly string[]): string | null {
  const [wanted, found] = [expected.map(normal).sort(), actual.map(normal).sort()]
  const at = wanted.findIndex((line, i) => line !== found[i])
  return at < 0 && wanted.length === found.length
    ? null
    : `${wanted.length} rows expected, ${found.length} read; first difference ${wanted[at]} / ${found[at]}`
}

/** Longs keep all their digits. */
const normal = (line: string): string =>
  line.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => {
    if (token.startsWith('"')) return JSON.stringify(JSON.parse(token))
    return /[.eE]/.test(token) ? String(Number(token)) : token
  })
