import { lstatSync, realpathSync } from 'node:fs'
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
  return files.filter((file) => {
    const parent = realFolder(dirname(file))
    const isLinked = isLink(file)
    if (parent === null || isLinked === null) return false
    const real = isLinked ? realPath(file) : join(parent, basename(file))
    return real !== null && !real.startsWith(`${root}/`)
  })
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
