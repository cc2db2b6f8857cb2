import type { DataType, Schema } from '@deltaworks/schema'
import { protocol, type Protocol } from '../actions/protocol.js'

/**
 * The smallest protocol that a new table with this schema and these properties needs: (1,2) unless something asks for more,
 * so that old readers read it.
 */
export function requiredProtocol(of: Schema, configuration: Readonly<Record<string, string>>): Protocol {
  const reader: string[] = []
  const writer: string[] = []
  const add = (name: string, alsoReader: boolean): void => {
    if (alsoReader) reader.push(name)
    writer.push(name)
  }
  if (of.fields.some((f) => holds(f.type, 'timestamp_ntz'))) add('timestampNtz', true)
  if (configuration['delta.enableInCommitTimestamps'] === 'true') add('inCommitTimestamp', false)
  if (configuration['delta.enableDeletionVectors'] === 'true') add('deletionVectors', true)
  if (configuration['delta.checkpointPolicy'] === 'v2') add('v2Checkpoint', true)
  const changes = configuration['delta.enableChangeDataFeed'] === 'true'
  if (writer.length === 0) return protocol(1, changes ? 4 : 2)
  writer.push('appendOnly', 'invariants')
  if (changes) writer.push('changeDataFeed')
  return reader.length === 0 ? protocol(1, 7, null, writer) : protocol(3, 7, reader, writer)
}

function holds(type: DataType, kind: DataType['kind']): boolean {
  switch (type.kind) {
    case 'struct':
      return type.fields.some((f) => holds(f.type, kind))
    case 'list':
      return holds(type.element, kind)
    case 'map':
      return holds(type.key, kind) || holds(type.value, kind)
    default:
      return type.kind === kind
  }
}
