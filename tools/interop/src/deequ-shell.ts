import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PythonEnvironment } from './python.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const environment = join(root, '.tools', 'deequ-venv')
const packages = 'com.amazon.deequ:deequ:2.1.0-spark-3.5'
const sparkVersion = '3.5.5'

/** Installs Spark, once. @returns why it cannot be, or null */
export const installSpark = (): Promise<string | null> =>
  new PythonEnvironment(environment).install([`pyspark==${sparkVersion}`])

/**
 * Runs a script in Spark's shell with Deequ, on two threads.
 * @param wrote tells by what the script wrote whether it finished: the shell goes on after an error
 */
export async function runDeequ(
  script: string,
  folder: string,
  variables: Readonly<Record<string, string>>,
  wrote: (folder: string) => boolean,
): Promise<void> {
  const lib = join(environment, 'lib')
  const python = (await readdir(lib)).find((name) => name.startsWith('python'))!
  const home = join(lib, python, 'site-packages', 'pyspark')
  const args = [
    ...['--master', 'local[2]', '--driver-memory', '3g', '--driver-java-options', '-Xss64m', '--packages', packages],
    // Its parser of DQDL is not on Maven Central, and not needed here.
    ...['--exclude-packages', 'software.amazon.glue:dqdl'],
    ...['--conf', `spark.sql.warehouse.dir=${join(folder, 'warehouse')}`],
    ...['-i', join(root, 'tools/interop/scala', script)],
  ]
  await new Promise<void>((done, fail) => {
    const child = spawn(join(home, 'bin', 'spark-shell'), args, {
      cwd: folder,
      env: { ...process.env, SPARK_HOME: home, DEEQU_FOLDER: folder, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let log = ''
    child.stdout.on('data', (data: Buffer) => (log += data.toString()))
    child.stderr.on('data', (data: Buffer) => (log += data.toString()))
    child.on('close', () => {
      if (wrote(folder)) done()
      else fail(new Error(`Deequ did not finish:\n${log.slice(-60000)}`))
    })
  })
}
