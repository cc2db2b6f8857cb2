import type { Schema } from '@deltaworks/schema'
import { nameList, quote, text } from '../dialects/sql-text.js'
import { badTargetOption } from '../errors.js'
import type { Copier } from '../load-script.js'

export interface RedshiftCopyOptions {
  /** ARN of a role that may read the staging folder, or `default` (the cluster's own). */
  readonly iamRole: string
  /** Whether COPY renews the table's statistics; default: ANALYZE does after the load. */
  readonly statUpdate?: boolean
  /** Further options of COPY, as they are written. */
  readonly extra?: readonly string[]
}

const roleArn = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+(?:,arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+)*$/

/** @throws WarehouseError DW-WAREHOUSE-0016 */
export function checkRedshiftCopy({ iamRole, extra }: RedshiftCopyOptions): void {
  if (iamRole !== 'default' && !roleArn.test(iamRole))
    throw badTargetOption('--iam-role', `"${iamRole}" is neither "default" nor the ARN of a role`)
  const secret = extra?.find((option) => /ACCESS_KEY|CREDENTIALS|SESSION_TOKEN/i.test(option))
  if (secret !== undefined) throw badTargetOption('extra', 'credentials in a statement end up in logs; use a role')
}

export const hasVariant = (columns: Schema): boolean => columns.fields.some(({ type }) => type.kind === 'variant')

/** Variants are staged as their JSON texts, which COPY puts into SUPER columns as texts. */
const parseVariants = (relation: string, columns: Schema): readonly string[] => {
  const names = columns.fields.filter(({ type }) => type.kind === 'variant').map(({ name }) => quote(name))
  if (names.length === 0) return []
  const sets = names.map((name) => `${name} = JSON_PARSE(CAST(${name} AS VARCHAR(65535)))`)
  return [`UPDATE ${relation} SET ${sets.join(', ')}`]
}

/** Rows are staged as Parquet files with a manifest, which COPY reads. Nested values go into SUPER columns. */
export const redshiftCopier =
  (stageUri: string, options: RedshiftCopyOptions): Copier =>
  (load, relation, columns, part) => {
    const uri = `${stageUri}/${load.loadId}/${load.table.name}/${part}`
    const role = options.iamRole === 'default' ? 'default' : text(options.iamRole)
    const hasNested = columns.fields.some(({ type }) => ['list', 'map', 'struct', 'variant'].includes(type.kind))
    const words = [
      `COPY ${relation} (${nameList(columns.fields.map(({ name }) => name))})`,
      `FROM ${text(`${uri}/manifest`)}`,
      `IAM_ROLE ${role}`,
      'FORMAT AS PARQUET',
      'MANIFEST',
      ...(hasNested ? ['SERIALIZETOJSON'] : []),
      `STATUPDATE ${options.statUpdate === true ? 'ON' : 'OFF'}`,
      ...(options.extra ?? []),
    ]
    return {
      stage: [{ kind: 'stage', uri, columns, part }],
      load: [
        { kind: 'sql', sql: words.join(' ') },
        ...parseVariants(relation, columns).map((sql) => ({ kind: 'sql' as const, sql })),
      ],
      cleanUp: [{ kind: 'unstage', uri }],
    }
  }
