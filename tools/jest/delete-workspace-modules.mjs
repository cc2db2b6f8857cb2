export { deleteModules as default } from './workspace-modules.mjs'
