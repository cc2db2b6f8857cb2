import { joinPath, type ObjectMeta, type ObjectStore } from '@deltaworks/storage'
import { isUnchanged, type LandingFile } from './landing.js'
import type { RunContext } from './run-context.js'
import type { SourceDefinition } from './source-definition.js'

/**
 * Archives or deletes landing files whose rows are committed, as their source declares. A file is copied before it is deleted,
 * so a run that is cut off leaves it in one of the places or in both, and the next run goes on; one that was replaced
 * since it was ingested stays.
 */
export async function disposeLanding(
  source: SourceDefinition,
  files: readonly LandingFile[],
  context: RunContext,
): Promise<void> {
  if (source.afterIngest === 'keep') return
  const { landing } = context
  for (const file of files) {
    if (!(await isUnchanged(landing, file))) continue
    if (source.afterIngest === 'archive') await archive(source, file, context)
    await landing.delete([file.path])
  }
}

/** What is in the archive already is never overwritten: a file of the same name gets its content's hash in its name. */
async function archive(source: SourceDefinition, file: LandingFile, { landing, nowMicros }: RunContext): Promise<void> {
  const day = new Date(Number(nowMicros / 1000n)).toISOString().slice(0, 10)
  const plain = joinPath(source.archiveFolder, day, file.path)
  const target = (await landing.exists(plain)) ? withHash(plain, file.contentHash) : plain
  await landing.copy(file.path, target)
}

const withHash = (path: string, contentHash: number): string => `${path}~${contentHash.toString(16)}`

/** What may be a landing file's copy in its source's archive: files of its name, of whatever day. */
export async function archivedCopies(
  path: string,
  contentHash: number,
  { afterIngest, archiveFolder }: SourceDefinition,
  landing: ObjectStore,
): Promise<readonly ObjectMeta[]> {
  if (afterIngest !== 'archive') return []
  const folder = `${archiveFolder}/`
  const names = [path, withHash(path, contentHash)]
  const listed = await landing.list(folder)
  return listed.filter((copy) => names.includes(copy.path.slice(folder.length).replace(/^[^/]*\//, '')))
}
