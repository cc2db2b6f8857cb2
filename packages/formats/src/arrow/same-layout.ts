import { typesEqual, type DataType } from '@deltaworks/schema'

/** Whether values of both types lie in memory alike: they differ at most in what may be null. */
export function sameLayout(a: DataType, b: DataType): boolean {
  if (a.kind === 'list' && b.kind === 'list') return sameLayout(a.element, b.element)
  if (a.kind === 'map' && b.kind === 'map') return sameLayout(a.key, b.key) && sameLayout(a.value, b.value)
  if (a.kind === 'struct' && b.kind === 'struct') {
    return (
      a.fields.length === b.fields.length &&
      a.fields.every(({ name, type }, i) => name === b.fields[i]!.name && sameLayout(type, b.fields[i]!.type))
    )
  }
  return typesEqual(a, b)
}
