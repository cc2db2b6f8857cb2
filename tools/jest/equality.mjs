import { isDeepStrictEqual } from 'node:util'
import { expect } from '@jest/globals'

const longBy = 50
const areLong = (a, b) => a.length >= longBy && b.length >= longBy

/** Long arrays and bytes that are the same are equal by any matcher: known in a hundredth of the time that Jest's own takes. */
function areSame(a, b) {
  if (Array.isArray(a) && Array.isArray(b)) return areLong(a, b) && isDeepStrictEqual(a, b) ? true : undefined
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return areLong(a, b) && a.constructor === b.constructor && Buffer.compare(a, b) === 0 ? true : undefined
  return undefined
}

expect.addEqualityTesters([areSame])
