/*
 * The Hilbert curve visits every cell of a grid of 2^bits ranges an axis, each beside the one before, so that a stretch of it is a
 * compact piece of the grid (J. Skilling, "Programming the Hilbert curve", 2004).
 */

/** The place on the curve of every cell, by the cell's number (the first axis counts most). */
export function hilbertPlaces(axes: number, bits: number): Uint32Array {
  const places = new Uint32Array(2 ** (axes * bits))
  const cell = new Array<number>(axes).fill(0)
  for (let number = 0; number < places.length; number++) {
    for (let axis = 0; axis < axes; axis++) cell[axis] = (number >>> ((axes - 1 - axis) * bits)) & (2 ** bits - 1)
    places[number] = hilbertPlace(cell, bits)
  }
  return places
}

/** The place of one cell. At most 32 bits in all. */
export function hilbertPlace(cell: readonly number[], bits: number): number {
  const x = [...cell]
  const last = x.length - 1
  const top = 1 << (bits - 1)
  // Rotations and reflections of the smaller cubes are undone, the largest first.
  for (let bit = top; bit > 1; bit >>= 1) {
    const lower = bit - 1
    for (let axis = 0; axis <= last; axis++) {
      if ((x[axis]! & bit) !== 0) x[0]! ^= lower
      else {
        const swapped = (x[0]! ^ x[axis]!) & lower
        x[0]! ^= swapped
        x[axis]! ^= swapped
      }
    }
  }
  for (let axis = 1; axis <= last; axis++) x[axis]! ^= x[axis - 1]!
  let turned = 0
  for (let bit = top; bit > 1; bit >>= 1) if ((x[last]! & bit) !== 0) turned ^= bit - 1
  let place = 0
  for (let bit = bits - 1; bit >= 0; bit--) {
    for (let axis = 0; axis <= last; axis++) place = place * 2 + (((x[axis]! ^ turned) >> bit) & 1)
  }
  return place
}
