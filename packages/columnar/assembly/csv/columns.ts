import { csvBooleans } from './booleans'
import { csvDecimals } from './decimals'
import { csvDictionary } from './dictionary'
import { csvFloats } from './floats'
import * as F from './frame'
import { csvIntegers } from './integers'
import { csvStrings } from './strings'
import { csvTemporals } from './temporal'
import { csvTouch } from './touch'

/*
 * A program: what `csvColumns` is to do with each column, COLUMN_BYTES a column. formats/src/csv/column-program.ts has the same
 * list.
 */
// @inline
const COLUMN_BYTES: usize = 48
/** 0: nothing. */
// @inline
const KIND: usize = 0
/** Its place in the file. */
// @inline
const COLUMN: usize = 4
// @inline
const VALUES: usize = 8
// @inline
const VALIDITY: usize = 12
/** Nulls so far: a result. */
// @inline
const NULLS: usize = 16
/** A width, a decimal's scale, a text's offsets, or a dictionary's state. */
// @inline
const FIRST: usize = 20
/** Whether a decimal is wide, a pattern, or known fields. */
// @inline
const SECOND: usize = 24
/** Whether a time may have a zone. */
// @inline
const THIRD: usize = 28
/** Of a decimal, 64 bits. */
// @inline
const LIMIT: usize = 32

/** Rows that go through all columns before the next ones do: their bytes and positions stay in the core's first cache. */
// @inline
const STRIPE: u32 = 64

// @inline
const DONE: u32 = 0
/** A dictionary met a limit: nothing is said of the column's rows of the stripe. */
// @inline
const FULL: u32 = 1
/** Rows of the column were flagged: see ERRORS. */
// @inline
const FLAGGED: u32 = 2

/**
 * Rows [from, to) into the columns of a program; of the first stripe, only into those from `first` on. It ends early where the
 * caller has to do something.
 * @param stop gets the row and the column at which it ended early
 */
export function csvColumns(
  frame: usize,
  program: usize,
  columns: u32,
  from: u32,
  to: u32,
  first: u32,
  stop: usize,
): u32 {
  csvTouch(frame, from, to)
  let column = first
  for (let row = from; row < to; row += STRIPE) {
    const end = min<u32>(to, row + STRIPE)
    for (; column < columns; column++) {
      const entry = program + COLUMN_BYTES * (<usize>column)
      store<u32>(frame, 0, F.ERROR_COUNT)
      store<u32>(frame, 0, F.COLUMN_NULLS)
      const isWhole = run(frame, entry, row, end)
      const flagged = load<u32>(frame, F.ERROR_COUNT)
      if (isWhole) store<u32>(entry, load<u32>(entry, NULLS) + load<u32>(frame, F.COLUMN_NULLS), NULLS)
      if (isWhole && flagged == 0) continue
      store<u32>(stop, row)
      store<u32>(stop, column, 4)
      return isWhole ? FLAGGED : FULL
    }
    column = 0
  }
  return DONE
}

/** @returns whether all rows were done */
function run(frame: usize, entry: usize, from: u32, to: u32): bool {
  const column = load<u32>(entry, COLUMN)
  const values = <usize>load<u32>(entry, VALUES)
  const validity = <usize>load<u32>(entry, VALIDITY)
  const first = load<u32>(entry, FIRST)
  const second = load<u32>(entry, SECOND)
  switch (load<u32>(entry, KIND)) {
    case 1:
      csvIntegers(frame, column, from, to, first, values, validity)
      return true
    case 2:
      csvFloats(frame, column, from, to, first, values, validity)
      return true
    case 3:
      csvDecimals(frame, column, from, to, first, load<u64>(entry, LIMIT), second, values, validity)
      return true
    case 4:
      csvBooleans(frame, column, from, to, values, validity)
      return true
    case 5:
      csvTemporals(frame, column, from, to, first, second, load<u32>(entry, THIRD), values, validity)
      return true
    case 6:
      csvStrings(frame, column, from, to, first, values, validity)
      return true
    case 7:
      return csvDictionary(frame, column, from, to, first, second, values, validity) == to
    default:
      return true
  }
}
