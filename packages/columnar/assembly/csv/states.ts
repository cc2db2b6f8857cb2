/* States of a reader of CSV between two bytes; structure.ts says what leads from one to another. */

// @inline
export const AT_START: u32 = 0
// @inline
export const UNQUOTED: u32 = 1
// @inline
export const QUOTED: u32 = 2
// @inline
export const CLOSED: u32 = 3
// @inline
export const ESCAPED: u32 = 4
// @inline
export const IN_COMMENT: u32 = 5
