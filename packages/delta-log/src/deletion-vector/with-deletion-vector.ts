import type { AddFile } from '../actions/add-file.js'
import type { DeletionVectorDescriptor } from '../actions/deletion-vector-descriptor.js'

/**
 * The file with other rows deleted. Its statistics stay those of the whole file, and say so: `tightBounds` is false. The
 * caller has checked that the file has statistics, because the protocol asks for numRecords beside a deletion vector.
 */
export const withDeletionVector = (file: AddFile, deletionVector: DeletionVectorDescriptor): AddFile => ({
  ...file,
  dataChange: true,
  deletionVector,
  stats: file.stats === null ? null : withWideBounds(file.stats),
})

/** Done in the text, whose numbers may have more digits than JavaScript's. */
function withWideBounds(stats: string): string {
  const { tightBounds } = JSON.parse(stats) as { readonly tightBounds?: unknown }
  if (tightBounds === false) return stats
  const without = tightBounds === undefined ? stats : withoutMember(stats, 'tightBounds')
  const body = without.trimEnd().slice(0, -1).trimEnd()
  return `${body}${body.endsWith('{') ? '' : ','}"tightBounds":false}`
}

/** An object's text without a top-level member that is a boolean or null. */
function withoutMember(text: string, name: string): string {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g
  let depth = 0
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match
    if (found === '{' || found === '[') depth++
    else if (found === '}' || found === ']') depth--
    else if (depth === 1 && found === `"${name}"`) {
      const value = /^\s*:\s*(?:true|false|null)\s*,?/.exec(text.slice(token.lastIndex))
      if (value === null) continue
      const before = text.slice(0, match.index)
      const after = text.slice(token.lastIndex + value[0].length)
      return value[0].endsWith(',') ? before + after : before.replace(/,\s*$/, '') + after
    }
  }
  return text
}
