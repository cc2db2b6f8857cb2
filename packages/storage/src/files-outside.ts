import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Those of the files (absolute paths) that are, behind their symbolic links, not below the folder. What is not there is not outside. */
export function filesOutside(folder: string, files: readonly string[]): readonly string[] {
  const root = realPath(folder)
  if (root === null || root === '/') return []
  // Of many files in a folder each has only its own name to look behind.
  const folders = new Map<string, string | null>()
  const realFolder = (path: string): string | null => {
    let real = folders.get(path)
    if (real === undefined) folders.set(path, (real = realPath(path)))
    return real
  }
  const linked = linkTeller(files)
  return files.filter((file) => {
    const parent = realFolder(dirname(file))
    const isLinked = linked(file)
    if (parent === null || isLinked === null) return false
    const real = isLinked ? realPath(file) : join(parent, basename(file))
    return real !== null && !real.startsWith(`${root}/`)
  })
}

/** From so many files of a folder on, listing it tells sooner than a call a file what is a link. */
const manyFiles = 64

/** Tells whether a file is a link; null: it is not there, or nobody may look. */
function linkTeller(files: readonly string[]): (file: string) => boolean | null {
  const counts = new Map<string, number>()
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  const listed = new Map<string, ReadonlyMap<string, boolean>>()
  return (file) => {
    const folder = dirname(file)
    if (counts.get(folder)! < manyFiles) return isLink(file)
    let links = listed.get(folder)
    if (links === undefined) listed.set(folder, (links = linksIn(folder)))
    return links.get(basename(file)) ?? null
  }
}

/** Names in a folder, and whether each is a link. */
function linksIn(folder: string): ReadonlyMap<string, boolean> {
  try {
    return new Map(readdirSync(folder, { withFileTypes: true }).map((entry) => [entry.name, entry.isSymbolicLink()]))
  } catch {
    // Reading the files will tell why.
    return new Map()
  }
}

/** Null: it is not there, or nobody may look. */
function isLink(file: string): boolean | null {
  try {
    return lstatSync(file).isSymbolicLink()
  } catch {
    return null
  }
}

function realPath(file: string): string | null {
  try {
    return realpathSync.native(file)
  } catch {
    // Reading it will tell why.
    return null
  }
}
