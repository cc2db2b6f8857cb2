import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PythonEnvironment } from './python.js'

const tool = join(dirname(fileURLToPath(import.meta.url)), '..')

/** What a script of `python/` that asks Spark has answered; the last one has `unavailable`, a text, if Spark could not go on. */
export async function sparkScript(
  name: string,
  args: readonly string[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const python = new PythonEnvironment(join(tool, '..', '..', '.tools', 'interop-venv'))
  const failure = await python.install(['pyspark==4.1.*'])
  return failure === null ? python.script(join(tool, 'python', name), args) : [{ unavailable: failure }]
}
