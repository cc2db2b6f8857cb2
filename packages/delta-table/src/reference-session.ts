import { createHash } from 'node:crypto'
import {
  Arena,
  batchFromRows,
  batchToRows,
  createContext,
  readSegment,
  unlimited,
  type ColumnarContext,
  type RecordBatch,
} from '@deltaworks/columnar'
import { interpret, valuesCompare, type BoundExpression } from '@deltaworks/expression'
import { fileScan, ParquetWriter, scanParquet } from '@deltaworks/formats'
import { partitionFolder, formatPartitionValue } from '@deltaworks/delta-log'
import {
  memoryTable,
  type Aggregate,
  type Join,
  type LogicalPlan,
  type ScanSplit,
  type TableProvider,
  type TableScan,
} from '@deltaworks/plan'
import { joinPath, openStore } from '@deltaworks/storage'
import type { Schema, Value } from '@deltaworks/schema'
import type { FileSink, TableSession, WrittenFiles, WrittenFile } from './table-session.js'

/**
 * The slow, obvious executor: rows as arrays, the interpreter for every expression, nested loops for joins. Tests of table
 * operations run on it and on the engine, which must agree.
 */
export class ReferenceSession implements TableSession {
  readonly context: ColumnarContext = createContext()
  readonly pool = { account: () => unlimited }
  #files = 0

  async collect(query: LogicalPlan): Promise<{ schema: Schema; rows: readonly (readonly Value[])[] }> {
    return { schema: query.schema, rows: await this.#run(query) }
  }

  async *stream(query: LogicalPlan): AsyncGenerator<RecordBatch> {
    const arena = new Arena(this.context.heap)
    const rows = await this.#run(query)
    for (let i = 0; i < rows.length; i += 1000) {
      yield batchFromRows(arena, query.schema, rows.slice(i, i + 1000))
      arena.reset()
    }
    arena.close()
  }

  async materialise(query: LogicalPlan, options: { readonly name?: string } = {}): Promise<TableProvider> {
    return memoryTable(query.schema, await this.#run(query), { name: options.name ?? 'rows' })
  }

  async writeFiles(query: LogicalPlan, sink: FileSink): Promise<WrittenFiles> {
    const rows = await this.#run(query)
    const { fields } = query.schema
    const keys = sink.partitionBy.map((name) => fields.findIndex((f) => f.name === name))
    const groups = new Map<string, (readonly Value[])[]>()
    for (const row of rows) {
      const key = JSON.stringify(keys.map((i) => formatPartitionValue(fields[i]!.type, row[i]!)))
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [row])
      else group.push(row)
    }
    const files: WrittenFile[] = []
    for (const group of groups.values()) files.push(await this.#writeFile(query.schema, group, sink, keys))
    return { files, rowCount: rows.length }
  }

  async #writeFile(
    schema: Schema,
    rows: readonly (readonly Value[])[],
    sink: FileSink,
    keys: readonly number[],
  ): Promise<WrittenFile> {
    const kept = schema.fields.map((_, i) => i).filter((i) => !keys.includes(i))
    const fileSchema: Schema = { fields: kept.map((i) => schema.fields[i]!) }
    const writer = new ParquetWriter(this.context, unlimited, fileSchema, {
      ...(sink.variants !== undefined && { variants: sink.variants }),
      ...(sink.physicalNames !== undefined && { physicalNames: sink.physicalNames }),
      ...(sink.pageVersion !== undefined && { pageVersion: sink.pageVersion }),
      ...(sink.fieldIds !== undefined && { fieldIds: sink.fieldIds }),
    })
    const arena = new Arena(this.context.heap)
    for (let i = 0; i < rows.length; i += 1000) {
      writer.write(
        batchFromRows(
          arena,
          fileSchema,
          rows.slice(i, i + 1000).map((row) => kept.map((k) => row[k]!)),
        ),
      )
      arena.reset()
    }
    const file = writer.finish()
    arena.close()
    const partitionValues: Record<string, Value> = {}
    for (const key of keys) partitionValues[schema.fields[key]!.name] = rows[0]![key]!
    const folder = partitionFolder(
      keys.map((i) => [schema.fields[i]!.name, formatPartitionValue(schema.fields[i]!.type, rows[0]![i]!)] as const),
    )
    const name = createHash('sha1')
      .update(`${this.#files++} ${String(process.hrtime.bigint())}`)
      .digest('hex')
    const place = sink.randomPrefixLength === undefined ? folder : name.slice(0, sink.randomPrefixLength)
    const path = joinPath(sink.directory, place, `part-${name}.snappy.parquet`)
    await openStore(sink.store).put(path, file.parts, 'create')
    return {
      path,
      sizeBytes: file.sizeBytes,
      rowCount: rows.length,
      partitionValues,
      statistics: file.statistics.map((c) => ({ ...c, nullCount: c.nullCount ?? 0 })),
    }
  }

  async #run(plan: LogicalPlan): Promise<readonly (readonly Value[])[]> {
    switch (plan.kind) {
      case 'scan':
        return this.#scan(plan)
      case 'values':
        return plan.rows
      case 'projection':
        return (await this.#run(plan.input)).map((row) => plan.expressions.map((e) => interpret(e, row)))
      case 'filter':
        return (await this.#run(plan.input)).filter((row) => interpret(plan.predicate, row) === true)
      case 'aggregate':
        return aggregate(plan, await this.#run(plan.input))
      case 'join':
        return join(plan, await this.#run(plan.left), await this.#run(plan.right))
      case 'sort': {
        const rows = [...(await this.#run(plan.input))].sort((a, b) => {
          for (const key of plan.keys) {
            const order = compareNullable(
              key.expression,
              interpret(key.expression, a),
              interpret(key.expression, b),
              key.nullsFirst,
            )
            if (order !== 0) return key.descending ? -order : order
          }
          return 0
        })
        return plan.fetch === null ? rows : rows.slice(0, plan.fetch)
      }
      case 'limit':
        return (await this.#run(plan.input)).slice(plan.skip, plan.fetch === null ? undefined : plan.skip + plan.fetch)
      case 'union':
        return (await Promise.all(plan.inputs.map((input) => this.#run(input)))).flat()
      case 'window': {
        const rows = await this.#run(plan.input)
        const isNumbering = plan.windows.every(
          (w) => w.name === 'count' && w.args.length === 0 && w.partitionBy.length === 0 && w.frame?.end === 0,
        )
        if (!isNumbering) throw new TypeError('of windows, the reference session has the running count alone')
        return rows.map((row, i) => [...row, ...plan.windows.map(() => BigInt(i + 1))])
      }
      case 'unnest':
      case 'recursive':
        throw new TypeError(`the reference session has no ${plan.kind}`)
    }
  }

  async #scan(plan: TableScan): Promise<readonly (readonly Value[])[]> {
    const { splits } = await plan.table.scan({ projection: plan.projection, filters: plan.filters, fetch: plan.fetch })
    const rows: (readonly Value[])[] = []
    const needed = [...new Set([...plan.projection, ...plan.filters.flatMap((f) => columnsIn(f))])]
    for (const split of splits) {
      for (const row of await this.#splitRows(split, plan, needed)) {
        if (plan.filters.every((f) => interpret(f, row) === true)) rows.push(plan.projection.map((i) => row[i]!))
      }
    }
    return rows
  }

  /** Rows with a value at each needed position of the table's schema. */
  async #splitRows(
    split: ScanSplit,
    plan: TableScan,
    needed: readonly number[],
  ): Promise<readonly (readonly Value[])[]> {
    if (split.kind === 'rows') return split.rows
    if (split.kind === 'segment') {
      const arena = new Arena(this.context.heap)
      const rows = readSegment(arena, split.segment).flatMap((batch) => batchToRows(this.context.heap, batch))
      arena.close()
      return rows
    }
    const schema: Schema = { fields: needed.map((i) => plan.table.schema.fields[i]!) }
    const rows: Value[][] = []
    const scan = fileScan({ ...split, store: openStore(split.store), schema })
    for await (const batch of scanParquet(this.context, unlimited, scan)) {
      for (const values of batchToRows(this.context.heap, batch)) {
        const row: Value[] = new Array<Value>(plan.table.schema.fields.length).fill(null)
        needed.forEach((position, i) => (row[position] = values[i]!))
        rows.push(row)
      }
    }
    return rows
  }
}

function columnsIn(expression: BoundExpression): readonly number[] {
  switch (expression.kind) {
    case 'column':
      return [expression.index]
    case 'literal':
      return []
    case 'cast':
      return columnsIn(expression.input)
    case 'call':
      return expression.args.flatMap(columnsIn)
    case 'case':
      return [
        ...expression.branches.flatMap(({ when, then }) => [...columnsIn(when), ...columnsIn(then)]),
        ...(expression.otherwise === null ? [] : columnsIn(expression.otherwise)),
      ]
  }
}

function compareNullable(of: BoundExpression, a: Value, b: Value, nullsFirst: boolean): number {
  if (a === null || b === null) return a === b ? 0 : (a === null) === nullsFirst ? -1 : 1
  return valuesCompare(of.type, a, b)
}

const keyText = (values: readonly Value[]): string =>
  JSON.stringify(values, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))

function aggregate(plan: Aggregate, rows: readonly (readonly Value[])[]): readonly (readonly Value[])[] {
  const groups = new Map<string, { key: readonly Value[]; rows: (readonly Value[])[] }>()
  if (plan.groupBy.length === 0) groups.set('[]', { key: [], rows: [] })
  for (const row of rows) {
    const key = plan.groupBy.map((e) => interpret(e, row))
    const text = keyText(key)
    const group = groups.get(text) ?? { key, rows: [] }
    group.rows.push(row)
    groups.set(text, group)
  }
  return [...groups.values()].map((group) => [
    ...group.key,
    ...plan.aggregates.map((of): Value => {
      if (of.name === 'count') {
        return BigInt(group.rows.filter((row) => of.args.every((e) => interpret(e, row) !== null)).length)
      }
      const type = of.args[0]!.type
      const values = group.rows.map((row) => interpret(of.args[0]!, row)).filter((v) => v !== null)
      const sorted = values.sort((a, b) => valuesCompare(type, a, b))
      if (of.name === 'min') return sorted[0] ?? null
      if (of.name === 'max') return sorted.at(-1) ?? null
      throw new TypeError(`the reference session has no ${of.name}`)
    }),
  ])
}

function join(
  plan: Join,
  left: readonly (readonly Value[])[],
  right: readonly (readonly Value[])[],
): readonly (readonly Value[])[] {
  const isPair = (l: readonly Value[], r: readonly Value[]): boolean =>
    plan.keys.every((key) => {
      const [a, b] = [interpret(key.left, l), interpret(key.right, r)]
      if (a === null || b === null) return key.nullSafe && a === b
      return valuesCompare(key.left.type, a, b) === 0
    }) &&
    (plan.residual === null || interpret(plan.residual, [...l, ...r]) === true)
  const result: (readonly Value[])[] = []
  for (const l of left) {
    const matches = right.filter((r) => isPair(l, r))
    switch (plan.joinType) {
      case 'inner':
      case 'cross':
        for (const r of matches) result.push([...l, ...r])
        break
      case 'left':
        for (const r of matches) result.push([...l, ...r])
        if (matches.length === 0) result.push([...l, ...plan.right.schema.fields.map(() => null)])
        break
      case 'left_semi':
        if (matches.length > 0) result.push(l)
        break
      case 'left_anti':
        if (matches.length === 0) result.push(l)
        break
      default:
        throw new TypeError(`the reference session has no ${plan.joinType} join`)
    }
  }
  return result
}
