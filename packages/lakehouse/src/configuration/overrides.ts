import { invalidOverride } from '../errors.js'
import type { ConfigurationLayer } from './configuration-layer.js'

/** `DELTAWORKS_CONFIG__segments__high` is `segments.high`. */
export const overrideVariablePrefix = 'DELTAWORKS_CONFIG__'

/** Values that the environment gives, each a layer. */
export const variableLayers = (
  environment: Readonly<Record<string, string | undefined>>,
  below: unknown,
): readonly ConfigurationLayer[] =>
  Object.entries(environment).flatMap(([name, text]) =>
    name.startsWith(overrideVariablePrefix) && text !== undefined
      ? [layerOf(`environment variable ${name}`, name.slice(overrideVariablePrefix.length).split('__'), text, below)]
      : [],
  )

/**
 * Values of `--set segments.high=12000`, each a layer.
 * @throws LakehouseError DW-LAKEHOUSE-0048
 */
export const flagLayers = (assignments: readonly string[], below: unknown): readonly ConfigurationLayer[] =>
  assignments.map((assignment) => {
    const at = assignment.indexOf('=')
    if (at <= 0) throw invalidOverride(assignment)
    return layerOf(
      `--set ${assignment.slice(0, at)}`,
      assignment.slice(0, at).split('.'),
      assignment.slice(at + 1),
      below,
    )
  })

function layerOf(name: string, path: readonly string[], text: string, below: unknown): ConfigurationLayer {
  const former = path.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | null | undefined)?.[key],
    below,
  )
  const value = path.reduceRight<unknown>((member, key) => ({ [key]: member }), valueOf(text, former))
  return { name, value, lines: new Map() }
}

/** Text where text was: money is written as text. Elsewhere JSON, and text that is none is itself. */
function valueOf(text: string, former: unknown): unknown {
  if (typeof former === 'string') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
