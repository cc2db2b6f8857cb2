/** Calls that change files, of a process's main thread. `openSync` and `open` count when they open for writing. */
const calls = [
  'openSync',
  'open',
  'mkdirSync',
  'mkdir',
  'writeSync',
  'writevSync',
  'writeFileSync',
  'renameSync',
  'linkSync',
  'unlinkSync',
]

/**
 * Arguments for `node`: at its `at`-th call that changes a file the process stops where it is, lets its threads go on for up to
 * `pauseMs`, and dies by SIGKILL. A place in what it does, unlike a moment, is the same however busy the machine is.
 */
export function dieAt(at: number, pauseMs: number): readonly string[] {
  return preload(
    `if (++count === ${at}) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${pauseMs})
    process.kill(process.pid, 'SIGKILL')
  }`,
    '',
  )
}

/** Arguments for `node`: when the process ends it writes into `file` how many of the calls it made. */
export function countChanges(file: string): readonly string[] {
  return preload('count++', `process.once('exit', () => fs.writeFileSync(${JSON.stringify(file)}, String(count)))`)
}

function preload(onCall: string, atStart: string): readonly string[] {
  const source = `import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'
let count = 0
const noted = (name, args) => {
  if (name.startsWith('open') && (args[1] === undefined || args[1] === 'r')) return
  ${onCall}
}
if (isMainThread) {
  ${atStart}
  for (const name of ${JSON.stringify(calls)}) {
    const call = fs[name]
    fs[name] = (...args) => (noted(name, args), call(...args))
  }
  syncBuiltinESMExports()
}`
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`]
}
