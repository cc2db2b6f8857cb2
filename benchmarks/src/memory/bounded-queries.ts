/** A query whose one row is known from how the data were made: `rows` of (k, v, t), k a permutation of v, t of 192 characters. */
export interface BoundedQuery {
  readonly name: string
  readonly sql: string
  expected(rows: bigint): readonly bigint[]
}

export const textLength = 192n
const partitions = 1_000_000n

const sumBelow = (n: bigint): bigint => (n * (n - 1n)) / 2n

/** Row numbers of partitions by v % partitions, summed up. */
function rowNumbers(rows: bigint): bigint {
  const [whole, rest] = [rows / partitions, rows % partitions]
  const upTo = (n: bigint): bigint => (n * (n + 1n)) / 2n
  return rest * upTo(whole + 1n) + (partitions - rest) * upTo(whole)
}

export const boundedQueries: readonly BoundedQuery[] = [
  {
    name: 'sort',
    // Every row is put in its place, and its place is looked at.
    sql: `select count(*), sum(v), sum(length(t)), count(*) filter (where k < former)
      from (select k, v, t, lag(k) over (order by k) former from data) s`,
    expected: (rows) => [rows, sumBelow(rows), rows * textLength, 0n],
  },
  {
    name: 'group by',
    sql: 'select count(*), sum(n), sum(s), sum(length(m)) from (select k, count(*) n, sum(v) s, max(t) m from data group by k) g',
    expected: (rows) => [rows, rows, sumBelow(rows), rows * textLength],
  },
  {
    name: 'join',
    sql: 'select count(*), sum(a.v), sum(b.k), sum(length(a.t) + length(b.t)) from data a join data b on a.k = b.v',
    expected: (rows) => [rows, sumBelow(rows), sumBelow(rows), 2n * rows * textLength],
  },
  {
    name: 'window',
    sql: `select count(*), sum(n), sum(length(t)) from
      (select t, row_number() over (partition by v % ${partitions} order by k) n from data) w`,
    expected: (rows) => [rows, rowNumbers(rows), rows * textLength],
  },
  {
    name: 'distinct',
    sql: 'select count(*), sum(k), sum(length(t)) from (select distinct k, t from data) d',
    expected: (rows) => [rows, sumBelow(rows), rows * textLength],
  },
]
