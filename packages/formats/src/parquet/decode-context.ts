import type { Heap } from '@deltaworks/columnar'
import { corruptParquet, type FormatError } from '../errors.js'
import type { ParquetKernels } from './kernels.js'
import type { SchemaNode } from './schema-tree.js'

/** What every step of decoding a column needs: where memory is, and what errors call the place. */
export interface DecodeContext {
  readonly heap: Heap
  readonly kernels: ParquetKernels
  readonly path: string
  readonly node: SchemaNode
}

export const corruptColumn = (context: DecodeContext, what: string): FormatError =>
  corruptParquet(context.path, `column "${context.node.path.join('.')}": ${what}`)
