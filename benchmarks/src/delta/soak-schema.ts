import { field, int64, type Schema } from '@deltaworks/schema'

/** Each operation of a writer puts two rows, which must be there together or not at all. */
export const soakSchema: Schema = {
  fields: [field('writer', int64), field('i', int64), field('state', int64)],
}
