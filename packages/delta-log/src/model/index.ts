export { checkModel } from './check-model.js'
export type { ModelResult, ModelRun } from './check-model.js'
export {
  append,
  appendOnce,
  deleteMarking,
  deleteRewriting,
  insertIfAbsent,
  optimize,
  overwrite,
  setProperty,
  update,
} from './model-operations.js'
export type { ModelOperation } from './model-operations.js'
