/** The part of a schema's definition that says which keys an object may have (zod's own data, which has no public type). */
interface Definition {
  readonly type: string
  readonly shape?: Readonly<Record<string, Node>>
  readonly innerType?: Node
  readonly valueType?: Node
  readonly element?: Node
  /** Of a union whose forms are told apart by a key. */
  readonly options?: readonly Node[]
  readonly discriminator?: string
  readonly values?: readonly unknown[]
}
interface Node {
  readonly def?: Definition
  readonly _zod?: { readonly def: Definition }
}

/** Keys that an object at a path of a configuration may have; empty where they cannot be told. @param value the configuration */
export function knownKeys(schema: unknown, path: readonly PropertyKey[], value: unknown): readonly string[] {
  let node: Node | undefined = schema as Node
  let at = value
  for (const key of path) {
    node = childOf(formOf(inner(node), at), key)
    at = memberOf(at, key)
  }
  return Object.keys(formOf(inner(node), at)?.shape ?? {})
}

const definitionOf = (node: Node | undefined): Definition | undefined => node?._zod?.def ?? node?.def

/** Without what wraps it: optional, nullable, default. */
function inner(node: Node | undefined): Definition | undefined {
  let definition = definitionOf(node)
  while (definition?.innerType !== undefined) definition = definitionOf(definition.innerType)
  return definition
}

/** The form of a union that a value has. */
function formOf(definition: Definition | undefined, value: unknown): Definition | undefined {
  const { options, discriminator } = definition ?? {}
  if (options === undefined || discriminator === undefined) return definition
  const kind = memberOf(value, discriminator)
  return options
    .map(definitionOf)
    .find((option) => definitionOf(option?.shape?.[discriminator])?.values?.includes(kind) === true)
}

export const memberOf = (value: unknown, key: PropertyKey): unknown =>
  (value as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key]

const childOf = (definition: Definition | undefined, key: PropertyKey): Node | undefined =>
  definition?.shape?.[String(key)] ?? definition?.valueType ?? definition?.element
