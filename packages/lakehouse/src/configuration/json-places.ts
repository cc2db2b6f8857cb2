/** Where the values of a JSON text stand: line (from 1) by path, `a.b.0`. The text has been parsed without an error. */
export function jsonPlaces(text: string): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  let at = 0
  let line = 1
  const space = (): void => {
    for (; at < text.length && /\s/.test(text[at]!); at++) if (text[at] === '\n') line++
  }
  const quoted = (): string => {
    const start = at
    for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++
    at++
    return JSON.parse(text.slice(start, at)) as string
  }
  /** What stands between two brackets, each part by itself. */
  const members = (end: string, part: (index: number) => void): void => {
    at++
    space()
    for (let index = 0; text[at] !== end; index++) {
      part(index)
      space()
      if (text[at] === ',') at++
      space()
    }
    at++
  }
  const value = (path: string): void => {
    space()
    if (text[at] === '{') {
      members('}', () => {
        const keyLine = line
        const key = quoted()
        const child = path === '' ? key : `${path}.${key}`
        places.set(child, keyLine)
        space()
        at++
        value(child)
      })
    } else if (text[at] === '[') {
      members(']', (index) => {
        const child = `${path}.${index}`
        places.set(child, line)
        value(child)
      })
    } else if (text[at] === '"') quoted()
    else while (at < text.length && !/[\s,\]}]/.test(text[at]!)) at++
  }
  value('')
  return places
}

/** Line and column (from 1) of a position in a text. */
export function placeOf(text: string, position: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, position)
  return { line: before.split('\n').length, column: position - before.lastIndexOf('\n') }
}
