import { opendirSync, readdirSync, type Dirent } from 'node:fs'

type Visit = (path: string, name: string) => void

/**
 * Calls `visit` for every entry below a folder of the disk that is not a folder itself. Linked folders are not entered.
 * @param start path in the store; '' is its root
 * @param entriesOf of a folder's path in the store
 */
export function walkFolders(
  start: string,
  entriesOf: (folder: string) => Iterable<Dirent>,
  visit: Visit,
  recursive = true,
): void {
  const folders = [start]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (!entry.isDirectory()) visit(path, entry.name)
      else if (recursive) folders.push(path)
    }
  }
}

/** All at once: fewest calls for a small folder. */
export const entriesAtOnce = (file: string): Iterable<Dirent> => readdirSync(file, { withFileTypes: true })

/** Some at a time: a folder may hold more than memory should. */
export function* entriesInTurn(file: string): Generator<Dirent> {
  const folder = opendirSync(file, { bufferSize: 1024 })
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) yield entry
  } finally {
    folder.closeSync()
  }
}
