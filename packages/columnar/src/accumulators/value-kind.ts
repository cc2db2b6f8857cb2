import type { DataType } from '@deltaworks/schema'
import { byteWidth } from '../column.js'

/** What kernels call a type of fixed width: 0 bits, 1, 2, 4, 8, 16 bytes of an integer, 5 float, 6 double. */
export function valueKind(type: DataType): number {
  switch (type.kind) {
    case 'boolean':
      return 0
    case 'float32':
      return 5
    case 'float64':
      return 6
    default:
      return byteWidth(type)
  }
}
