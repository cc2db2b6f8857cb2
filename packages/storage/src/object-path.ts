import { pathOutsideStore } from './errors.js'

/** Names of objects that no listing shows and that `sweep` removes. */
export const temporaryPrefix = '.tmp-'

export const isTemporary = (key: string): boolean => key.slice(key.lastIndexOf('/') + 1).startsWith(temporaryPrefix)

/** Keys of a bucket that are paths of ours: no markers of folders, nothing that a path cannot name. */
export const isListed = (path: string): boolean => !unsafe.test(path) && !isTemporary(path)

/** Empty, `.` and `..` segments, a leading slash (an empty first segment), a NUL. */
const unsafe = /(?:^|\/)\.{0,2}(?=\/|$)|\0/

/** Refuses a path that is not strictly inside its store. @throws StorageError DW-STORAGE-0004 */
export function checkObjectPath(store: string, path: string): void {
  if (unsafe.test(path)) throw pathOutsideStore(store, path)
}

/** A folder: '' is the store's root, one trailing slash is allowed. @returns it without that slash */
export function checkFolderPath(store: string, folder: string): string {
  const path = folder.endsWith('/') ? folder.slice(0, -1) : folder
  if (path !== '') checkObjectPath(store, path)
  return path
}

/** `joinPath('a/', 'b', '', 'c')` → `a/b/c`. Empty parts vanish, a leading slash of the first part stays. */
export function joinPath(...parts: readonly string[]): string {
  let joined = ''
  for (const part of parts) {
    if (part === '') continue
    if (joined === '') joined = part
    else
      joined = `${joined.endsWith('/') ? joined.slice(0, -1) : joined}/${part.startsWith('/') ? part.slice(1) : part}`
  }
  return joined.length > 1 && joined.endsWith('/') ? joined.slice(0, -1) : joined
}

/**
 * Order of paths by their UTF-8 bytes. JavaScript compares UTF-16 units, which differs where a surrogate (U+10000 and up)
 * meets U+E000 to U+FFFF.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i)
    let y = b.charCodeAt(i)
    if (x === y) continue
    if (x >= 0xd800 && y >= 0xd800) {
      if (x < 0xe000) x += 0x10000
      if (y < 0xe000) y += 0x10000
    }
    return x - y
  }
  return a.length - b.length
}
