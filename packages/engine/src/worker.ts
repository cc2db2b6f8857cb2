import { digestTask } from './scheduler/digest-task.js'
import { runTask } from './scheduler/run-task.js'
import { spliceTask } from './scheduler/splice-task.js'

// The entry point of a worker thread: piscina calls the default export with each task.
export default runTask
export const splice = spliceTask
export const digest = digestTask

/** Does nothing: who calls it wants the worker's code loaded. */
export function wake(): void {}
