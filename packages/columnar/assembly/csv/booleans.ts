import { addNulls, endOf, fieldAt, flagError, flushValidity, isNullField, startOf, trimmed } from './fields'
import * as F from './frame'

/** `true` and `false` in any case, as a bitmap. */
export function csvBooleans(frame: usize, column: u32, from: u32, to: u32, values: usize, validity: usize): void {
  const data = <usize>load<u32>(frame, F.DATA)
  const quote = load<u32>(frame, F.QUOTE)
  const flags = load<u32>(frame, F.FLAGS) | 16
  const nullTexts = <usize>load<u32>(frame, F.NULLS)
  let word: u64 = 0
  let truth: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let field = fieldAt(frame, row, column, data, quote, flags)
    let valid = false
    if (!isNullField(field, data, nullTexts, flags)) {
      field = trimmed(data, field)
      const at = data + startOf(field)
      const length = endOf(field) - startOf(field)
      if (length == 4 && (load<u32>(at) | 0x20202020) == 0x65757274) {
        valid = true
        truth |= <u64>1 << (<u64>(row & 63))
      } else if (length == 5 && (load<u32>(at) | 0x20202020) == 0x736c6166 && (load<u8>(at + 4) | 32) == 101) {
        valid = true
      } else if (length > 0) {
        flagError(frame, row)
      }
    }
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) {
      flushValidity(values, row, to, truth)
      word = 0
      truth = 0
    }
  }
  addNulls(frame, nulls)
}
