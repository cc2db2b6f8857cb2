import { allPresent, blockRows, counts } from './rows'

/** Which entries of a dictionary the rows that count have: a byte an entry, zeroed before, becomes 1. */
export function accumulateUsed(codes: usize, validity: usize, chosen: usize, rowCount: u32, used: usize): void {
  for (let row: u32 = 0; row < rowCount;) {
    const end = min(row + blockRows, rowCount)
    if (chosen == 0 && end - row == blockRows && allPresent(validity, row)) {
      for (; row < end; row += 4) {
        const at = codes + (<usize>row << 2)
        store<u8>(used + <usize>load<u32>(at), 1)
        store<u8>(used + <usize>load<u32>(at, 4), 1)
        store<u8>(used + <usize>load<u32>(at, 8), 1)
        store<u8>(used + <usize>load<u32>(at, 12), 1)
      }
      continue
    }
    for (; row < end; row++) {
      if (counts(validity, chosen, row)) store<u8>(used + <usize>load<u32>(codes + (<usize>row << 2)), 1)
    }
  }
}
