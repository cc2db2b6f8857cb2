export { LocalServer } from './local-server.js'
export type { LocalFault, LocalRequest } from './local-server.js'
export { SqsLocal } from './sqs-local.js'
export type { SqsLocalOptions } from './sqs-local.js'
