import type { Constraint } from '../rule.js'
import type { Analyzer, AnalyzerOf } from './analyzer.js'
import { columnNames } from './column-names.js'
import { completeness } from './completeness.js'
import { compliance } from './compliance.js'
import { composite } from './composite.js'
import { customSql } from './custom-sql.js'
import { files } from './files.js'
import { freshness } from './freshness.js'
import { history } from './history.js'
import { metric } from './metric.js'
import { outliers } from './outliers.js'
import { referentialIntegrity } from './referential-integrity.js'
import { statistic } from './statistic.js'
import { columnCount, columnExists, columnList, rowCount } from './table-shape.js'
import { uniqueness } from './uniqueness.js'

type Analyzers = { readonly [K in Constraint['kind']]: Analyzer<Extract<Constraint, { readonly kind: K }>> }

/** Every kind of constraint has its analyzer; a new kind does not compile until it does. */
const analyzers: Analyzers = {
  completeness,
  uniqueness,
  compliance,
  referential_integrity: referentialIntegrity,
  row_count: rowCount,
  column_count: columnCount,
  column_exists: columnExists,
  statistic,
  freshness,
  outliers,
  history: history((constraint) => analyzerOf(constraint)),
  composite: composite((constraint) => analyzerOf(constraint)),
  custom_sql: customSql,
  column_names: columnNames,
  column_list: columnList,
  files,
  metric,
}

export const analyzerOf: AnalyzerOf = <C extends Constraint>(constraint: C) =>
  analyzers[constraint.kind] as unknown as Analyzer<C>
