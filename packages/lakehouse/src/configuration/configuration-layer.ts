/** One source of configuration values. Later layers stand over earlier ones, member by member; lists are replaced whole. */
export interface ConfigurationLayer {
  /** What is told of values from it: a file's path, `environment variable X`, `--set`. */
  readonly name: string
  readonly value: unknown
  /** Line of a value by its path, where the layer is a file. */
  readonly lines: ReadonlyMap<string, number>
}

/** Values put together, and for each leaf the layer that it is from. */
export interface LayeredValue {
  readonly value: unknown
  readonly origins: ReadonlyMap<string, ConfigurationLayer>
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function combineLayers(layers: readonly ConfigurationLayer[]): LayeredValue {
  const origins = new Map<string, ConfigurationLayer>()
  const combine = (below: unknown, layer: ConfigurationLayer, above: unknown, path: string): unknown => {
    if (!isObject(above)) {
      for (const known of [...origins.keys()]) if (known.startsWith(`${path}.`)) origins.delete(known)
      origins.set(path, layer)
      return above
    }
    origins.delete(path)
    if (Object.keys(above).length === 0 && !isObject(below)) origins.set(path, layer)
    const members = isObject(below) ? { ...below } : {}
    for (const [key, member] of Object.entries(above)) {
      members[key] = combine(members[key], layer, member, path === '' ? key : `${path}.${key}`)
    }
    return members
  }
  let value: unknown = {}
  for (const layer of layers) value = combine(value, layer, layer.value, '')
  return { value, origins }
}

/** The layer that a value, or what is in it or around it, is from. */
export function originOf({ origins }: LayeredValue, path: string): ConfigurationLayer | undefined {
  const within = [...origins].find(([known]) => known === path || known.startsWith(`${path}.`))
  if (within !== undefined) return within[1]
  const around = path.lastIndexOf('.')
  return around < 0 ? [...origins.values()].at(-1) : originOf({ value: null, origins }, path.slice(0, around))
}
