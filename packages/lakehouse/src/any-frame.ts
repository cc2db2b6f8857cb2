import type { DataFrame } from '@deltaworks/plan'

/** A frame, whatever is known of its columns. */
export type AnyFrame = DataFrame<object>

/** The frame without what its type knows of its columns: names are checked when the plan is built. */
export const anyFrame = (frame: AnyFrame): DataFrame => frame as DataFrame
