import type { AddedColumn, Alteration, ColumnAlteration } from './delta-statement.js'
import { columnDefinition, propertyKey, propertyList } from './parse-create.js'
import { parseType } from './parse-type.js'
import type { TokenReader } from './token-reader.js'

/** What stands behind ALTER TABLE name. */
export function parseAlteration(reader: TokenReader): Alteration {
  const alteration = alterationOf(reader)
  reader.end()
  return alteration
}

function alterationOf(reader: TokenReader): Alteration {
  if (reader.takes('SET TBLPROPERTIES')) return { kind: 'set-properties', properties: propertyList(reader) }
  if (reader.takes('UNSET TBLPROPERTIES')) {
    const ifExists = reader.takes('IF EXISTS')
    return { kind: 'unset-properties', ifExists, keys: reader.list(() => propertyKey(reader)) }
  }
  if (reader.takes('ADD CONSTRAINT')) {
    const name = reader.identifier('The name of a constraint')
    reader.expect('CHECK')
    return { kind: 'add-constraint', name, expression: reader.parenthesised() }
  }
  if (reader.takes('DROP CONSTRAINT')) {
    const ifExists = reader.takes('IF EXISTS')
    return { kind: 'drop-constraint', name: reader.identifier('The name of a constraint'), ifExists }
  }
  if (reader.takesOne('ADD COLUMNS', 'ADD COLUMN') !== null)
    return { kind: 'add-columns', columns: addedColumns(reader) }
  if (reader.takes('RENAME COLUMN')) {
    const from = reader.columnPath()
    reader.expect('TO')
    return { kind: 'rename-column', from, to: reader.identifier('A name') }
  }
  if (reader.takesOne('DROP COLUMNS', 'DROP COLUMN') !== null) {
    const columns = reader.sees('(') ? reader.list(() => reader.columnPath()) : [reader.columnPath()]
    return { kind: 'drop-columns', columns }
  }
  if (reader.takes('DROP FEATURE')) {
    const name = reader.scalarText()
    return { kind: 'drop-feature', name, truncateHistory: reader.takes('TRUNCATE HISTORY') }
  }
  if (reader.takes('CLUSTER BY')) {
    return { kind: 'cluster-by', columns: reader.takes('NONE') ? [] : reader.list(() => reader.columnPath()) }
  }
  if (reader.takesOne('ALTER COLUMN', 'CHANGE COLUMN', 'ALTER', 'CHANGE') !== null) return columnAlteration(reader)
  throw reader.unexpected(
    'ADD, ALTER COLUMN, CLUSTER BY, DROP, RENAME COLUMN, SET TBLPROPERTIES or UNSET TBLPROPERTIES',
  )
}

function addedColumns(reader: TokenReader): readonly AddedColumn[] {
  if (reader.sees('(')) return reader.list(() => addedColumn(reader))
  const columns = [addedColumn(reader)]
  while (reader.takes(',')) columns.push(addedColumn(reader))
  return columns
}

function addedColumn(reader: TokenReader): AddedColumn {
  const steps: string[] = []
  // `a.b.c TYPE` adds a member to a struct: all but the last step is where.
  let definition = columnOrStep(reader, steps)
  while (definition === null) definition = columnOrStep(reader, steps)
  const first = reader.takes('FIRST')
  const after = reader.takes('AFTER') ? reader.identifier('A column') : null
  return { into: steps.length === 0 ? null : steps.join('.'), field: definition, first, after }
}

function columnOrStep(reader: TokenReader, steps: string[]): ReturnType<typeof columnDefinition> | null {
  const step = reader.takesStep()
  if (step === null) return columnDefinition(reader)
  steps.push(step)
  return null
}

function columnAlteration(reader: TokenReader): Alteration {
  const column = reader.columnPath()
  if (reader.takes('SYNC IDENTITY')) return { kind: 'sync-identity', column }
  let change: ColumnAlteration = {}
  do change = { ...change, ...oneChange(reader) }
  while (!reader.isAtEnd)
  return { kind: 'alter-column', column, change }
}

function oneChange(reader: TokenReader): ColumnAlteration {
  if (reader.takes('TYPE')) return { type: parseType(reader) }
  if (reader.takes('SET NOT NULL')) return { nullable: false }
  if (reader.takes('DROP NOT NULL')) return { nullable: true }
  if (reader.takes('COMMENT')) return { comment: reader.string() }
  if (reader.takes('SET DEFAULT')) return { default: reader.rest() }
  if (reader.takes('DROP DEFAULT')) return { default: null }
  if (reader.takes('FIRST')) return { first: true }
  if (reader.takes('AFTER')) return { after: reader.identifier('A column') }
  throw reader.unexpected(
    'TYPE, SET NOT NULL, DROP NOT NULL, SET DEFAULT, DROP DEFAULT, COMMENT, FIRST, AFTER or SYNC IDENTITY',
  )
}
