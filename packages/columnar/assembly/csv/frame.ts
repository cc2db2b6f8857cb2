/*
 * The frame: one block of 32-bit words in which a CSV scan and its kernels tell each other what they work on.
 * formats/src/csv/frame.ts has the same list.
 */

// @inline
export const DATA: usize = 0
/** Scan bytes [FROM, END) of the data. */
// @inline
export const FROM: usize = 4
// @inline
export const END: usize = 8
// @inline
export const POSITIONS: usize = 12
// @inline
export const POSITION_CAPACITY: usize = 16
// @inline
export const ROW_ENDS: usize = 20
// @inline
export const ROW_FIRST: usize = 24
// @inline
export const ROW_START: usize = 28
// @inline
export const ROW_FIELDS: usize = 32
// @inline
export const ROW_LINE: usize = 36
// @inline
export const MAX_ROWS: usize = 40
// @inline
export const SEPARATOR: usize = 44
/** Bytes; 256 where the dialect has none. */
// @inline
export const QUOTE: usize = 48
// @inline
export const ESCAPE: usize = 52
// @inline
export const COMMENT: usize = 56
/** 0 auto, 1 `\n`, 2 `\r`, 3 `\r\n`. */
// @inline
export const LINE_MODE: usize = 60
/** 1 trim leading white space, 2 trailing, 4 scan byte by byte, 8 null strings also in quotes, 16 quoted empty is null. */
// @inline
export const FLAGS: usize = 64
// @inline
export const EXPECTED: usize = 68
/** Physical line of FROM. */
// @inline
export const LINE: usize = 72
// @inline
export const ERRORS: usize = 76
// @inline
export const NULLS: usize = 80
// @inline
export const NULL_COUNT: usize = 84
/** Results of csvIndex. */
// @inline
export const ROWS: usize = 92
// @inline
export const CONSUMED: usize = 96
// @inline
export const NEXT_LINE: usize = 100
// @inline
export const HAS_HIGH: usize = 104
// @inline
export const IRREGULAR: usize = 108
/** The scanner's state at the end of the data: 2 and 4 are inside quotes. */
// @inline
export const STATE: usize = 112
/** Results of the column kernels: rows they could not make a value of (their numbers are in ERRORS), nulls. */
// @inline
export const ERROR_COUNT: usize = 116
// @inline
export const COLUMN_NULLS: usize = 120
/** Bytes of the separator: a field starts so many after the end of the one before it. */
// @inline
export const SEPARATOR_SIZE: usize = 124
/** 1 if no row has too many or too few fields, and blanks and words for null mean nothing. */
// @inline
export const IS_REGULAR: usize = 128
/** Where in POSITIONS csvIndex writes its first: what stands before belongs to rows that were found earlier. */
// @inline
export const FIRST_POSITION: usize = 132
/** 1 if a field in quotes may have an escape in it, or another quote. */
// @inline
export const HAS_ESCAPES: usize = 136
