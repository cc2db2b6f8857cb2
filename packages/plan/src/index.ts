export type * from './logical-plan.js'
export type * from './table-provider.js'
