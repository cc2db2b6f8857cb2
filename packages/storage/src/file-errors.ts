import { notWritable, storageFailed, systemCode } from './errors.js'

/* What an error of the file system means to a store. */

/** Nothing under that name, or a file where a folder should be. */
export function isAbsence(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

const writeObstacles: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted (a file system without hard links cannot hold a lake)',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a part of its path is a file, not a folder',
  ENOENT: 'its folder cannot be made',
  EISDIR: 'a folder has that name',
  ENOTSUP: 'the file system has no hard links',
  ENOTEMPTY: 'a folder has that name',
}

export function writeError(uri: string, path: string, error: unknown, operation: 'write' | 'delete'): Error {
  const obstacle = writeObstacles[systemCode(error) ?? '']
  return obstacle === undefined || (operation === 'delete' && systemCode(error) !== 'EACCES')
    ? storageFailed(uri, path, operation, error)
    : notWritable(uri, path, obstacle, error)
}
