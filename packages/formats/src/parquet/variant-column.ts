import { columnFromValues, readValue, type Column } from '@deltaworks/columnar'
import type { StructType, Value } from '@deltaworks/schema'
import { corruptParquet } from '../errors.js'
import type { AssembleContext } from './assemble.js'
import type { VariantRead } from './read-plan.js'
import { shreddedText } from './shredded-variant.js'
import { VariantError, variantNames } from './variant-text.js'

/** Variants, a struct of `metadata` and `value` and perhaps `typed_value`, as a column of JSON text. Row by row: they are rare and not for speed. */
export function variantColumn(context: AssembleContext, read: VariantRead, content: Column): Column {
  const { heap, path } = context.decode
  const group = content.type as StructType
  const metadata = group.fields.findIndex(({ name }) => name === 'metadata')
  const texts: Value[] = []
  try {
    for (let row = 0; row < content.length; row++) {
      const parts = readValue(heap, content, row) as readonly Value[] | null
      const names = parts?.[metadata] ?? null
      // A group that is there, with nothing in it, is the variant null.
      texts.push(names === null ? null : (shreddedText(variantNames(names as Uint8Array), group, parts!) ?? 'null'))
    }
  } catch (error) {
    if (!(error instanceof VariantError)) throw error
    throw corruptParquet(path, `column "${read.node.path.join('.')}": a variant is damaged (${error.message})`)
  }
  return columnFromValues(context.arena, read.type, texts)
}
