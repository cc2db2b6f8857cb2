import type { Session } from '@deltaworks/engine'
import type { DataFrame } from '@deltaworks/plan'

/** What quality needs of a Session: the rows of a query, and for sketches its batches. */
export type QueryRunner = Pick<Session, 'collect' | 'stream' | 'context'>

/** A frame, whatever is known of its rows. */
export type AnyFrame = DataFrame<object>
