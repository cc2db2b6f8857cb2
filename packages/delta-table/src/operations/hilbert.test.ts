import { hilbertPlaces } from './hilbert.js'

describe('D-73: the Hilbert curve', () => {
  it.each([
    [1, 6],
    [2, 1],
    [2, 5],
    [3, 3],
    [4, 2],
  ])('visits each cell of %i axes of %i bits once, and always a neighbour next', (axes, bits) => {
    const places = hilbertPlaces(axes, bits)
    const cells = new Array<number[]>(places.length)
    places.forEach((place, number) => {
      cells[place] = Array.from({ length: axes }, (_, axis) => (number >> ((axes - 1 - axis) * bits)) & (2 ** bits - 1))
    })
    expect(new Set(places).size).toBe(places.length)
    for (let place = 1; place < cells.length; place++) {
      const steps = cells[place]!.map((at, axis) => Math.abs(at - cells[place - 1]![axis]!))
      expect(steps.reduce((a, b) => a + b, 0)).toBe(1)
    }
  })
})
