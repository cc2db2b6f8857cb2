import { sqlError } from '../sql-failure.js'
import type { AlteredAttributes } from '../sql/statement.js'
import type { TableAttributes, TableKey } from '../sql/table-attributes.js'
import { quoteText, relationSql, type RelationName } from '../sql/tokens.js'
import type { DatabaseSession } from './database.js'

/**
 * What Redshift has beside PostgreSQL's catalog, in a schema of its own: attributes and keys of tables (by their object id, so
 * that renames and rollbacks take them along), views of the system, and functions.
 */
const schemaSql = `
CREATE SCHEMA IF NOT EXISTS redshift_local;
CREATE TABLE IF NOT EXISTS redshift_local.table_attributes (
  relation oid PRIMARY KEY, dist_style text NOT NULL, dist_key text, sort_style text, sort_key text[] NOT NULL, encodings jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS redshift_local.table_keys (
  relation oid NOT NULL, name text NOT NULL, kind text NOT NULL, columns text[] NOT NULL, referenced oid, referenced_columns text[]);
CREATE TABLE IF NOT EXISTS redshift_local.masking_policies (name text PRIMARY KEY);
CREATE TABLE IF NOT EXISTS redshift_local.attached_policies (policy text NOT NULL, relation oid NOT NULL, column_name text NOT NULL);
CREATE TABLE IF NOT EXISTS redshift_local.load_errors (
  query bigint, starttime timestamp, filename text, line_number bigint, colname text, type text, raw_field_value text,
  err_code int, err_reason text, tbl oid);
CREATE OR REPLACE FUNCTION redshift_local.row_count(relation oid) RETURNS bigint LANGUAGE plpgsql AS $f$
  DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM ' || relation::regclass INTO n; RETURN n; END $f$;
CREATE OR REPLACE FUNCTION redshift_local.getdate() RETURNS timestamp LANGUAGE sql STABLE AS $f$ SELECT date_trunc('second', now() AT TIME ZONE 'UTC') $f$;
CREATE OR REPLACE FUNCTION redshift_local.datediff(part text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $f$
  SELECT CASE part
    WHEN 'microsecond' THEN (extract(epoch FROM b) * 1000000)::bigint - (extract(epoch FROM a) * 1000000)::bigint
    WHEN 'millisecond' THEN floor(extract(epoch FROM b) * 1000)::bigint - floor(extract(epoch FROM a) * 1000)::bigint
    WHEN 'second' THEN floor(extract(epoch FROM b))::bigint - floor(extract(epoch FROM a))::bigint
    WHEN 'minute' THEN floor(extract(epoch FROM b) / 60)::bigint - floor(extract(epoch FROM a) / 60)::bigint
    WHEN 'hour' THEN floor(extract(epoch FROM b) / 3600)::bigint - floor(extract(epoch FROM a) / 3600)::bigint
    WHEN 'day' THEN (b::date - a::date)::bigint
    WHEN 'month' THEN ((extract(year FROM b) - extract(year FROM a)) * 12 + extract(month FROM b) - extract(month FROM a))::bigint
    WHEN 'year' THEN (extract(year FROM b) - extract(year FROM a))::bigint END $f$;
CREATE OR REPLACE FUNCTION redshift_local.datediff(part text, a timestamptz, b timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $f$
  SELECT redshift_local.datediff(part, a AT TIME ZONE 'UTC', b AT TIME ZONE 'UTC') $f$;
CREATE OR REPLACE FUNCTION redshift_local.datediff(part text, a date, b date) RETURNS bigint LANGUAGE sql IMMUTABLE AS $f$
  SELECT redshift_local.datediff(part, a::timestamp, b::timestamp) $f$;
CREATE OR REPLACE FUNCTION redshift_local.dateadd(part text, n bigint, a timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $f$
  SELECT a + (n || ' ' || part)::interval $f$;
CREATE OR REPLACE FUNCTION redshift_local.sha2(value text, bits int) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
  SELECT encode(CASE bits WHEN 224 THEN sha224(value::bytea) WHEN 384 THEN sha384(value::bytea) WHEN 512 THEN sha512(value::bytea)
    ELSE sha256(value::bytea) END, 'hex') $f$;
CREATE OR REPLACE FUNCTION redshift_local.to_hex(value bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $f$ SELECT encode(value, 'hex') $f$;
CREATE OR REPLACE FUNCTION redshift_local.json_parse(value text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $f$ SELECT value::jsonb $f$;
CREATE OR REPLACE FUNCTION redshift_local.json_serialize(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $f$ SELECT value::text $f$;
CREATE OR REPLACE FUNCTION redshift_local.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS $f$
  SELECT coalesce(nullif(current_setting('redshift_local.copy_count', true), ''), '0')::bigint $f$;
CREATE OR REPLACE FUNCTION redshift_local.pg_last_unload_count() RETURNS bigint LANGUAGE sql STABLE AS $f$
  SELECT coalesce(nullif(current_setting('redshift_local.unload_count', true), ''), '0')::bigint $f$;
CREATE OR REPLACE VIEW redshift_local.svv_table_info AS
  SELECT current_database()::text AS database, n.nspname::text AS schema, c.oid AS table_id, c.relname::text AS "table",
    CASE WHEN a.encodings = '{}'::jsonb THEN 'N' ELSE 'Y, AUTO(ENCODE)' END AS encoded,
    CASE a.dist_style WHEN 'KEY' THEN 'KEY(' || a.dist_key || ')' WHEN 'AUTO' THEN 'AUTO(ALL)' ELSE a.dist_style END AS diststyle,
    CASE WHEN a.sort_style = 'AUTO' THEN 'AUTO(SORTKEY)' WHEN a.sort_style = 'INTERLEAVED' THEN 'INTERLEAVED' ELSE a.sort_key[1] END AS sortkey1,
    (SELECT max(atttypmod - 4) FROM pg_attribute WHERE attrelid = c.oid AND atttypid = 1043) AS max_varchar,
    lower(a.encodings ->> a.sort_key[1]) AS sortkey1_enc,
    coalesce(array_length(a.sort_key, 1), 0) AS sortkey_num,
    ceil(pg_total_relation_size(c.oid) / 1048576.0)::bigint AS size,
    0::numeric(5,2) AS unsorted, 0::numeric(5,2) AS stats_off,
    redshift_local.row_count(c.oid)::numeric AS tbl_rows, redshift_local.row_count(c.oid)::numeric AS estimated_visible_rows
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN redshift_local.table_attributes a ON a.relation = c.oid
  WHERE c.relkind = 'r' AND n.nspname <> 'redshift_local';
CREATE OR REPLACE VIEW redshift_local.pg_table_def AS
  SELECT n.nspname::text AS schemaname, c.relname::text AS tablename, t.attname::text AS "column",
    replace(format_type(t.atttypid, t.atttypmod), 'jsonb', 'super') AS type,
    lower(coalesce(a.encodings ->> t.attname, 'auto')) AS encoding, coalesce(a.dist_key = t.attname, false) AS distkey,
    coalesce(array_position(a.sort_key, t.attname::text), 0) AS sortkey, t.attnotnull AS "notnull"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped
    JOIN redshift_local.table_attributes a ON a.relation = c.oid WHERE n.nspname <> 'redshift_local';
CREATE OR REPLACE VIEW redshift_local.stl_load_errors AS
  SELECT 100 AS userid, 0 AS slice, tbl, starttime, 1 AS session, query, filename, line_number, colname, type, raw_field_value, err_code, err_reason
  FROM redshift_local.load_errors;
CREATE OR REPLACE VIEW redshift_local.sys_load_error_detail AS
  SELECT 100 AS user_id, query AS query_id, starttime AS start_time, filename AS file_name, line_number, colname AS column_name, type AS column_type,
    raw_field_value AS column_value, err_code AS error_code, err_reason AS error_message FROM redshift_local.load_errors;
CREATE OR REPLACE VIEW redshift_local.svv_attached_masking_policy AS
  SELECT p.policy AS policy_name, n.nspname::text AS schema_name, c.relname::text AS table_name, p.column_name AS input_columns
  FROM redshift_local.attached_policies p JOIN pg_class c ON c.oid = p.relation JOIN pg_namespace n ON n.oid = c.relnamespace;
`

/** Makes the schema; repeatable. */
export async function installCatalog(session: DatabaseSession): Promise<void> {
  for (const sql of schemaSql.split(/;\n(?=CREATE)/)) await session.query(sql.replace(/;\s*$/, ''))
}

/** The relation's object id; null: there is none. */
export async function oidOf(session: DatabaseSession, relation: RelationName): Promise<string | null> {
  const { rows } = await session.query(`SELECT to_regclass(${quoteText(relationSql(relation))})::oid::text`)
  return rows[0]?.[0] ?? null
}

/** @throws SqlFailure */
export async function existingOid(session: DatabaseSession, relation: RelationName): Promise<string> {
  const oid = await oidOf(session, relation)
  if (oid === null) throw sqlError('42P01', `relation "${relation.name}" does not exist`)
  return oid
}

const textArray = (texts: readonly string[]): string => `ARRAY[${texts.map(quoteText).join(', ')}]::text[]`
const textOrNull = (value: string | null): string => (value === null ? 'NULL' : quoteText(value))

export async function rememberTable(session: DatabaseSession, oid: string, attributes: TableAttributes): Promise<void> {
  const { distStyle, distKey, sortStyle, sortKey, encodings, keys } = attributes
  const encoded = quoteText(JSON.stringify(encodings))
  await session.query(
    `INSERT INTO redshift_local.table_attributes VALUES (${oid}, ${quoteText(distStyle)}, ${textOrNull(distKey)}, ${textOrNull(sortStyle)}, ${textArray(sortKey)}, ${encoded}::jsonb)
     ON CONFLICT (relation) DO NOTHING`,
  )
  for (const key of keys) await rememberKey(session, oid, key)
}

/** @throws SqlFailure for a reference to what is no key */
export async function rememberKey(session: DatabaseSession, oid: string, key: TableKey): Promise<void> {
  const { references } = key
  let [referenced, columns] = ['NULL', 'NULL']
  if (references !== null) {
    referenced = await existingOid(session, { schema: references.schema, name: references.table })
    const { rows } = await session.query(
      `SELECT array_to_json(columns)::text FROM redshift_local.table_keys WHERE relation = ${referenced} AND kind <> 'FOREIGN KEY'`,
    )
    const keys = rows.map(([text]) => JSON.parse(text!) as string[])
    const found =
      references.columns.length === 0 ? keys[0] : keys.find((one) => String(one) === String(references.columns))
    if (found === undefined)
      throw sqlError(
        '42830',
        `there is no unique constraint matching given keys for referenced table "${references.table}"`,
      )
    columns = textArray(found)
  }
  await session.query(
    `INSERT INTO redshift_local.table_keys VALUES (${oid}, ${quoteText(key.name)}, ${quoteText(key.kind)}, ${textArray(key.columns)}, ${referenced}, ${columns})`,
  )
}

/** @throws SqlFailure if there is no key of that name */
export async function forgetKey(session: DatabaseSession, oid: string, name: string): Promise<void> {
  const { affected } = await session.query(
    `DELETE FROM redshift_local.table_keys WHERE relation = ${oid} AND name = ${quoteText(name)}`,
  )
  if (affected === 0) throw sqlError('42704', `constraint "${name}" does not exist`)
}

/** @throws SqlFailure if other tables refer to it, unless they are to forget it */
export async function forgetTable(
  session: DatabaseSession,
  oid: string,
  name: string,
  cascade: boolean,
): Promise<void> {
  const { rows } = await session.query(
    `SELECT relation::regclass::text, name FROM redshift_local.table_keys k JOIN pg_class c ON c.oid = k.relation WHERE referenced = ${oid} AND relation <> ${oid}`,
  )
  if (rows.length > 0 && !cascade)
    throw sqlError(
      '2BP01',
      `cannot drop table ${name} because other objects depend on it (constraint ${rows[0]![1]} on table ${rows[0]![0]} depends on table ${name})`,
    )
  await session.query(`DELETE FROM redshift_local.table_keys WHERE relation = ${oid} OR referenced = ${oid}`)
  await session.query(`DELETE FROM redshift_local.table_attributes WHERE relation = ${oid}`)
  await session.query(`DELETE FROM redshift_local.attached_policies WHERE relation = ${oid}`)
}

export async function alterAttributes(
  session: DatabaseSession,
  oid: string,
  altered: AlteredAttributes,
): Promise<void> {
  const { distStyle, distKey, sortStyle, sortKey, encodings } = altered
  const sets = [
    ...(distStyle === undefined
      ? []
      : [`dist_style = ${quoteText(distStyle)}, dist_key = ${textOrNull(distKey ?? null)}`]),
    ...(sortKey === undefined
      ? []
      : [`sort_style = ${textOrNull(sortStyle ?? null)}, sort_key = ${textArray(sortKey)}`]),
    ...(encodings === undefined ? [] : [`encodings = encodings || ${quoteText(JSON.stringify(encodings))}::jsonb`]),
  ]
  await session.query(`UPDATE redshift_local.table_attributes SET ${sets.join(', ')} WHERE relation = ${oid}`)
}

export interface ColumnFacts {
  readonly encoding: string | null
  readonly isKey: boolean
}

/** What says whether a column's length may be changed. */
export async function columnFacts(session: DatabaseSession, oid: string, column: string): Promise<ColumnFacts> {
  const { rows } = await session.query(
    `SELECT (SELECT encodings ->> ${quoteText(column)} FROM redshift_local.table_attributes WHERE relation = ${oid}),
      EXISTS (SELECT 1 FROM redshift_local.table_keys WHERE relation = ${oid} AND ${quoteText(column)} = ANY (columns))`,
  )
  return { encoding: rows[0]![0] ?? null, isKey: rows[0]![1] === 't' || rows[0]![1] === 'true' }
}
