import type { Column } from '@deltaworks/columnar'
import { unsupportedParquet } from '../errors.js'
import type { AssembleContext } from './assemble.js'
import type { VariantRead } from './read-plan.js'

/** Variants (binary metadata and value) as JSON text. */
export function variantColumn(context: AssembleContext, read: VariantRead, content: Column): Column {
  void content
  throw unsupportedParquet(context.decode.path, `a variant in column "${read.node.path.join('.')}"`)
}
