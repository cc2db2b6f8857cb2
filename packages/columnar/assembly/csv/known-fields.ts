import { firstOnes } from '../parquet/dictionary'

/*
 * Fields that a text column had before, as they stand between separators (quotes and escapes with them), and what became of
 * them: columns repeat, and to find a field here takes no look at quotes, nulls, escapes or a dictionary. Only for data that is
 * UTF-8 as a whole, of which a field's bytes tell everything.
 *
 * Three words in memory, made by the caller: the address of a table, whether its slots are wide, fields that were too long for
 * narrow ones. A slot has the field's bytes, zeros behind them, its size (EMPTY: none yet) and its entry. NARROW slots hold 16
 * bytes, WIDE ones 32; a column begins with the narrow ones. A field is at the place that its bytes tell, or in the slot beside
 * it; what is new takes the latter if the former is taken.
 */

/** Bytes of the table, which are all ones at first: formats/src/csv/text-dictionary.ts has the same number. */
// @inline
const TABLE_BYTES: u32 = 65536
// @inline
const EMPTY: u32 = 0xffffffff
/** Instead of an entry. */
// @inline
export const UNKNOWN: u32 = 0xffffffff

/** Kinds of slots, told apart at compile time by their sizes: 4 and 8. */
export type NARROW = u32
export type WIDE = u64

/** So many fields too long for narrow slots make them wide ones. */
// @inline
const TOO_MANY_LONG: u32 = 64

/** The first 16 bytes of a field, zeros behind its end. */
// @ts-ignore: decorator
@inline
function lowOf(at: usize, size: u32): v128 {
  return v128.and(v128.load(at), v128.load(firstOnes + 32 - size))
}

/** The 16 bytes behind them, which narrow slots have not. */
// @ts-ignore: decorator
@inline
function highOf<W>(at: usize, size: u32): v128 {
  if (sizeof<W>() == sizeof<NARROW>()) return i64x2.splat(0)
  return v128.and(v128.load(at, 16), v128.load(firstOnes + 32 - size, 16))
}

/** The size of NARROW or WIDE. */
// @ts-ignore: decorator
@inline
export function widthOf(known: usize): u32 {
  return load<u32>(known, 4) == 0 ? sizeof<NARROW>() : sizeof<WIDE>()
}

/** Bytes of a slot: 32 or 64. */
// @ts-ignore: decorator
@inline
function slotBytes<W>(): usize {
  return 8 * sizeof<W>()
}

// @ts-ignore: decorator
@inline
function keyBytes<W>(): u32 {
  return <u32>(4 * sizeof<W>())
}

/** The slot of a field's own. */
// @ts-ignore: decorator
@inline
function slotOf<W>(known: usize, low: v128, high: v128): usize {
  const folded = sizeof<W>() == sizeof<WIDE>() ? v128.xor(low, i64x2.shl(high, 1)) : low
  const mixed =
    (v128.extract_lane<u64>(folded, 0) ^ (v128.extract_lane<u64>(folded, 1) * 0x9fb21c651e98df25)) * 0x9e3779b97f4a7c15
  // 2,048 narrow slots, or 1,024 wide ones.
  const number = <usize>(mixed >> (sizeof<W>() == sizeof<WIDE>() ? 54 : 53))
  return <usize>load<u32>(known) + number * slotBytes<W>()
}

/** The slot beside it. */
// @ts-ignore: decorator
@inline
function beside<W>(slot: usize): usize {
  return slot ^ slotBytes<W>()
}

/** A slot's entry, if it is the field's. */
// @ts-ignore: decorator
@inline
function entryIn<W>(slot: usize, low: v128, high: v128, size: u32): u32 {
  let differing = v128.xor(low, v128.load(slot))
  if (sizeof<W>() == sizeof<WIDE>()) differing = v128.or(differing, v128.xor(high, v128.load(slot, 16)))
  const isSame = !v128.any_true(differing) && load<u32>(slot + keyBytes<W>()) == size
  return isSame ? load<u32>(slot + keyBytes<W>(), 4) : UNKNOWN
}

/** What is known of a field, or UNKNOWN. Reads up to 32 bytes past its end. */
// @ts-ignore: decorator
@inline
export function knownEntry<W>(known: usize, at: usize, size: u32): u32 {
  if (size > keyBytes<W>()) return UNKNOWN
  const low = lowOf(at, size)
  const high = highOf<W>(at, size)
  const slot = slotOf<W>(known, low, high)
  const entry = entryIn<W>(slot, low, high, size)
  return entry != UNKNOWN ? entry : entryIn<W>(beside<W>(slot), low, high, size)
}

/** Keeps what became of a field that was not known. */
export function learn(known: usize, at: usize, size: u32, entry: u32): void {
  if (widthOf(known) == sizeof<WIDE>()) {
    if (size <= keyBytes<WIDE>()) put<WIDE>(known, at, size, entry)
  } else if (size <= keyBytes<NARROW>()) {
    put<NARROW>(known, at, size, entry)
  } else if (size <= keyBytes<WIDE>()) {
    store<u32>(known, load<u32>(known, 8) + 1, 8)
  }
}

/** Makes slots wide if too many fields were too long; not while a kernel runs that takes them for narrow ones. */
export function adaptWidth(known: usize): void {
  if (load<u32>(known, 4) != 0 || load<u32>(known, 8) < TOO_MANY_LONG) return
  store<u32>(known, 1, 4)
  memory.fill(<usize>load<u32>(known), 0xff, TABLE_BYTES)
}

function put<W>(known: usize, at: usize, size: u32, entry: u32): void {
  const low = lowOf(at, size)
  const high = highOf<W>(at, size)
  let slot = slotOf<W>(known, low, high)
  if (load<u32>(slot + keyBytes<W>()) != EMPTY) slot = beside<W>(slot)
  v128.store(slot, low)
  if (sizeof<W>() == sizeof<WIDE>()) v128.store(slot, high, 16)
  store<u32>(slot + keyBytes<W>(), size)
  store<u32>(slot + keyBytes<W>(), entry, 4)
}
