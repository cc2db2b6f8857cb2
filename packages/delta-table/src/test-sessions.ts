import { Session } from '@deltaworks/engine'
import { ReferenceSession } from './reference-session.js'
import type { TableSession } from './table-session.js'

/** Table operations are tested on both: they must not tell them apart. */
export const testSessions: readonly (readonly [name: string, session: TableSession])[] = [
  ['reference session', new ReferenceSession()],
  ['engine', Session.create({ memoryBytes: 256 * 1024 * 1024 })],
]
