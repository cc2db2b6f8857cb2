import type { Json } from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import { actionFromJson, actionToJson, type Action, type LogAction } from './actions/action.js'
import { invalidLogFile } from './errors.js'
import { commitFileName } from './log-file.js'
import { logFolder, type TableLocation } from './table-location.js'

export const commitPath = (location: TableLocation, version: number): string =>
  joinPath(logFolder(location), commitFileName(version))

export const formatActions = (actions: readonly Action[]): Uint8Array =>
  Buffer.from(`${actions.map((action) => JSON.stringify(actionToJson(action))).join('\n')}\n`, 'utf8')

/**
 * Actions of a JSON file of the log, in its order.
 * @param firstLine where the data starts in the file
 * @throws DeltaError DW-DELTA-0011
 */
export function parseActions(location: TableLocation, path: string, data: Uint8Array, firstLine = 1): LogAction[] {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
  const actions: LogAction[] = []
  let start = 0
  for (let line = firstLine; start < text.length; line++) {
    let end = text.indexOf('\n', start)
    if (end < 0) end = text.length
    const content = text.slice(start, end)
    start = end + 1
    if (content.length === 0 || content.trim() === '') continue
    let json: Json
    try {
      json = JSON.parse(content) as Json
    } catch (error) {
      throw invalidLogFile(location.uri, path, line, error instanceof Error ? error.message : String(error), error)
    }
    const action = actionFromJson(json)
    if (action !== null) actions.push(action)
  }
  return actions
}

/** @throws StorageError DW-STORAGE-0001 if there is no such version; DeltaError DW-DELTA-0011 */
export async function readCommit(location: TableLocation, version: number): Promise<LogAction[]> {
  const path = commitPath(location, version)
  return parseActions(location, path, await location.store.get(path))
}
