// Whole stretches of memory. JavaScript's views fill and copy a shared memory element by element.

export function memoryFill(address: usize, value: i32, bytes: usize): void {
  memory.fill(address, <u8>value, bytes)
}

/** The stretches may overlap. */
export function memoryCopy(to: usize, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes)
}
