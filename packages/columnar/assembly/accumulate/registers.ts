import { counts, groupOf } from './rows'

const bits: u32 = 12

/** The finaliser of MurmurHash3 (Appleby): every bit depends on every bit. */
// @ts-ignore: decorator
@inline function finalMix(hash: u32): u32 {
  let h = hash
  h = (h ^ (h >> 16)) * 0x85ebca6b
  h = (h ^ (h >> 13)) * 0xc2b2ae35
  return h ^ (h >> 16)
}

/**
 * HyperLogLog with 4,096 registers of a byte; `table` has the address of each group's, or 0.
 * @returns the first row, from `start` on, whose group has none yet; `rowCount` when all are done
 */
export function accumulateRegisters(
  hashes: usize,
  validity: usize,
  groups: usize,
  chosen: usize,
  start: u32,
  rowCount: u32,
  table: usize,
): u32 {
  if (groups == 0 && chosen == 0 && validity == 0) {
    const registers = <usize>load<u32>(table)
    if (registers == 0) return start
    for (let row = start; row < rowCount; row++) register(registers, load<u32>(hashes + (<usize>row << 2)))
    return rowCount
  }
  for (let row = start; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    const registers = <usize>load<u32>(table + (groupOf(groups, row) << 2))
    if (registers == 0) return row
    register(registers, load<u32>(hashes + (<usize>row << 2)))
  }
  return rowCount
}

// @ts-ignore: decorator
@inline function register(registers: usize, value: u32): void {
  const hash = finalMix(value)
  const at = registers + <usize>(hash & ((1 << bits) - 1))
  const rank = <u8>(clz<u32>((hash >> bits) << bits) + 1)
  if (rank > load<u8>(at)) store<u8>(at, rank)
}

export function accumulateMergeRegisters(from: usize, registers: usize): void {
  for (let i: usize = 0; i < 1 << bits; i += 16) {
    v128.store(registers + i, i8x16.max_u(v128.load(registers + i), v128.load(from + i)))
  }
}

/** Registers that are still 0; the sum of 2^-register is left at `sum`. */
export function accumulateEstimate(registers: usize, sum: usize): u32 {
  let empty: u32 = 0
  let total: f64 = 0
  for (let i: usize = 0; i < 1 << bits; i++) {
    const rank = load<u8>(registers + i)
    if (rank == 0) empty++
    total += reinterpret<f64>((<u64>(1023 - <u32>rank)) << 52)
  }
  store<f64>(sum, total)
  return empty
}
