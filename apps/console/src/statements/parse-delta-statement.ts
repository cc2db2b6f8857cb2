import type { DeltaStatement } from './delta-statement.js'
import { parseAlteration } from './parse-alter.js'
import { parseDelete, parseInsert, parseMerge, parseUpdate } from './parse-change.js'
import { columnDefinition, parseCreate, timeTravel } from './parse-create.js'
import { sqlProblem } from './sql-problem.js'
import { TokenReader } from './token-reader.js'

/**
 * A statement that makes, changes, maintains or describes a Delta table.
 * @returns null for any other, which is the SQL front end's
 * @throws UsageError DW-CLI-0004 with the place, for one that is not well formed
 */
export function parseDeltaStatement(text: string): DeltaStatement | null {
  const reader = new TokenReader(text)
  const statement = statementOf(reader)
  if (statement !== null) reader.end()
  return statement
}

function statementOf(reader: TokenReader): DeltaStatement | null {
  const first = reader.takesOne(
    'CREATE',
    'REPLACE',
    'INSERT',
    'UPDATE',
    'DELETE',
    'MERGE',
    'ALTER TABLE',
    'OPTIMIZE',
    'VACUUM',
    'RESTORE',
    'CONVERT TO DELTA',
    'REORG TABLE',
    'GENERATE',
    'FSCK REPAIR TABLE',
    'TRUNCATE TABLE',
    'DESCRIBE',
    'DESC',
    'SHOW',
  )
  switch (first) {
    case 'CREATE':
    case 'REPLACE':
      return parseCreate(reader, first)
    case 'INSERT':
      return parseInsert(reader)
    case 'UPDATE':
      return parseUpdate(reader)
    case 'DELETE':
      return parseDelete(reader)
    case 'MERGE':
      return parseMerge(reader)
    case 'ALTER TABLE':
      return { kind: 'alter', table: reader.table(), alteration: parseAlteration(reader) }
    case 'OPTIMIZE':
      return parseOptimize(reader)
    case 'VACUUM':
      return parseVacuum(reader)
    case 'RESTORE':
      return parseRestore(reader)
    case 'CONVERT TO DELTA':
      return parseConvert(reader)
    case 'REORG TABLE': {
      const table = reader.table()
      const where = reader.takes('WHERE') ? reader.until('APPLY') : null
      reader.expect('APPLY')
      reader.expect('( PURGE )')
      return { kind: 'reorg', table, where }
    }
    case 'GENERATE': {
      const what = reader.scalarText()
      if (what.toLowerCase() !== 'symlink_format_manifest') {
        throw sqlProblem(`GENERATE makes symlink_format_manifest; it does not know "${what}"`)
      }
      reader.expect('FOR TABLE')
      return { kind: 'generate', table: reader.table() }
    }
    case 'FSCK REPAIR TABLE':
      return { kind: 'fsck', table: reader.table(), dryRun: reader.takes('DRY RUN') }
    case 'TRUNCATE TABLE':
      return { kind: 'truncate', table: reader.table() }
    case 'DESCRIBE':
    case 'DESC':
      return parseDescribe(reader)
    case 'SHOW':
      return parseShow(reader)
    case null:
      return null
  }
}

function parseOptimize(reader: TokenReader): DeltaStatement {
  const table = reader.table()
  const full = reader.takes('FULL')
  const where = reader.takes('WHERE') ? reader.until('ZORDER BY') : null
  const zorderBy = reader.takes('ZORDER BY')
    ? reader.sees('(')
      ? reader.list(() => reader.columnPath())
      : commaSeparated(reader)
    : []
  return { kind: 'optimize', table, full, where, zorderBy }
}

function commaSeparated(reader: TokenReader): readonly string[] {
  const columns = [reader.columnPath()]
  while (reader.takes(',')) columns.push(reader.columnPath())
  return columns
}

function parseVacuum(reader: TokenReader): DeltaStatement {
  const table = reader.table()
  let mode: 'full' | 'lite' = 'full'
  let retainHours: number | null = null
  let dryRun = false
  while (!reader.isAtEnd) {
    if (reader.takes('LITE')) mode = 'lite'
    else if (reader.takes('DRY RUN')) dryRun = true
    else if (reader.takes('RETAIN')) {
      retainHours = reader.number()
      reader.expect('HOURS')
    } else reader.expect('FULL')
  }
  return { kind: 'vacuum', table, mode, retainHours, dryRun }
}

function parseRestore(reader: TokenReader): DeltaStatement {
  reader.takes('TABLE')
  const table = reader.table()
  reader.takes('TO')
  const at = timeTravel(reader)
  if (at === null) throw reader.unexpected('VERSION AS OF or TIMESTAMP AS OF')
  return { kind: 'restore', table, at }
}

function parseConvert(reader: TokenReader): DeltaStatement {
  const table = reader.table()
  const path = 'path' in table ? table.path : table.parts[0]!.toLowerCase() === 'parquet' ? table.parts[1] : undefined
  if (path === undefined) throw reader.unexpected('parquet.`path`')
  const statistics = !reader.takes('NO STATISTICS')
  const partitionBy = reader.takes('PARTITIONED BY') ? reader.list(() => columnDefinition(reader)) : []
  return { kind: 'convert', path, partitionBy, statistics: statistics && !reader.takes('NO STATISTICS') }
}

function parseDescribe(reader: TokenReader): DeltaStatement {
  if (reader.takes('HISTORY')) {
    const table = reader.table()
    return { kind: 'describe-history', table, limit: reader.takes('LIMIT') ? reader.number() : null }
  }
  if (reader.takes('DETAIL')) return { kind: 'describe-detail', table: reader.table() }
  reader.takes('TABLE')
  reader.takes('EXTENDED')
  return { kind: 'describe', table: reader.table() }
}

function parseShow(reader: TokenReader): DeltaStatement | null {
  if (reader.takes('TBLPROPERTIES')) {
    const table = reader.table()
    const key = reader.sees('(') ? (reader.list(() => reader.scalarText())[0] ?? null) : null
    return { kind: 'show-properties', table, key }
  }
  if (reader.takesOne('COLUMNS IN', 'COLUMNS FROM') !== null) return { kind: 'show-columns', table: reader.table() }
  return reader.takes('PARTITIONS') ? { kind: 'show-partitions', table: reader.table() } : null
}
