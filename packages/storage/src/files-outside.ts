import { realpathSync } from 'node:fs'

/** Those of the files (absolute paths) that are, behind their symbolic links, not below the folder. What is not there is not outside. */
export function filesOutside(folder: string, files: readonly string[]): readonly string[] {
  const root = realPath(folder)
  if (root === null || root === '/') return []
  return files.filter((file) => {
    const real = realPath(file)
    return real !== null && !real.startsWith(`${root}/`)
  })
}

function realPath(file: string): string | null {
  try {
    return realpathSync.native(file)
  } catch {
    // Reading it will tell why.
    return null
  }
}
