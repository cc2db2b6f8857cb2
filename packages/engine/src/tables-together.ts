import type { ScanPlan, TableProvider } from '@deltaworks/plan'
import { schemasEqual } from '@deltaworks/schema'
import { noFiles, schemaDisagrees } from './errors.js'

/** The rows of several tables of one schema, one after the other. @throws EngineError DW-ENGINE-0006, DW-ENGINE-0007 */
export function tablesTogether(tables: readonly TableProvider[]): TableProvider {
  const [first, ...rest] = tables
  if (first === undefined) throw noFiles('of an empty list')
  for (const { name, schema } of rest) {
    if (!schemasEqual(schema, first.schema)) throw schemaDisagrees(name, `its columns are not those of ${first.name}`)
  }
  const sum = (values: readonly (number | null)[]): number | null =>
    values.reduce<number | null>((total, value) => (total === null || value === null ? null : total + value), 0)
  return {
    name: tables.map(({ name }) => name).join(', '),
    schema: first.schema,
    statistics: {
      rowCount: sum(tables.map(({ statistics }) => statistics.rowCount)),
      sizeBytes: sum(tables.map(({ statistics }) => statistics.sizeBytes)),
      approximate: tables.some(({ statistics }) => statistics.approximate),
    },
    scan: async (request): Promise<ScanPlan> => {
      const plans = await Promise.all(tables.map((table) => table.scan(request)))
      return {
        splits: plans.flatMap(({ splits }) => splits),
        filesTotal: plans.reduce((total, { filesTotal }) => total + filesTotal, 0),
        filesPruned: plans.reduce((total, { filesPruned }) => total + filesPruned, 0),
      }
    },
    describe: () => ({ kind: 'together', tables: tables.map((table) => table.describe()) }),
  }
}
