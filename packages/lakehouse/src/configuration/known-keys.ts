/** The part of a schema's definition that says which keys an object may have (zod's own data, which has no public type). */
interface Definition {
  readonly type: string
  readonly shape?: Readonly<Record<string, Node>>
  readonly innerType?: Node
  readonly valueType?: Node
  readonly element?: Node
}
interface Node {
  readonly def?: Definition
  readonly _zod?: { readonly def: Definition }
}

/** Keys that an object at a path of a configuration may have; empty where they cannot be told. */
export function knownKeys(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  let node: Node | undefined = schema as Node
  for (const key of path) node = childOf(inner(node), key)
  return Object.keys(inner(node)?.shape ?? {})
}

const definitionOf = (node: Node | undefined): Definition | undefined => node?._zod?.def ?? node?.def

/** Without what wraps it: optional, nullable, default. */
function inner(node: Node | undefined): Definition | undefined {
  let definition = definitionOf(node)
  while (definition?.innerType !== undefined) definition = definitionOf(definition.innerType)
  return definition
}

const childOf = (definition: Definition | undefined, key: PropertyKey): Node | undefined =>
  definition?.shape?.[String(key)] ?? definition?.valueType ?? definition?.element
