/** SQL over the test tables: its capability row, the text, and where DuckDB writes it differently, DuckDB's. */
export interface SqlCase {
  readonly row: string
  readonly text: string
  readonly duckdb?: string
}

export const sqlCases: readonly SqlCase[] = [
  {
    row: 'E-21',
    text: `with recursive t(n) as (select 1 union all select n+1 from t where n < 10) select sum(n) from t`,
  },
  { row: 'E-21', text: `with recursive t(n) as (select 1 union select (n * 2) % 7 from t) select n from t order by n` },
  {
    row: 'E-21',
    text: `with recursive c as (select id, id % 5 as p from customers where id < 3 union all select c.id + 1, p from c where c.id < 6) select id, p from c`,
  },
  {
    row: 'E-20',
    text: `with recursive t(n) as (select 1 union all select n+1 from t where n < 50) select n from t limit 5`,
  },
  {
    row: 'E-21',
    text: `select c.id, l.n from customers c, lateral (select count(*) n from orders o where o.customer = c.id) l`,
  },
  {
    row: 'E-20',
    text: `select c.id, l.id from customers c join lateral (select id from orders o where o.customer = c.id order by o.amount desc, id limit 2) l on true`,
  },
  {
    row: 'E-20',
    text: `select c.id, l.id from customers c left join lateral (select id from orders o where o.customer = c.id order by o.amount desc, id limit 1) l on true`,
  },
  { row: 'E-21', text: `select c.id, (select max(amount) from orders o where o.customer < c.id) m from customers c` },
  { row: 'E-21', text: `select c.id, (select count(*) from orders o where o.customer < c.id) m from customers c` },
  {
    row: 'E-21',
    text: `select c.id from customers c where (select count(*) from orders o where o.customer >= c.id and o.paid) > 10`,
  },
  {
    row: 'E-21',
    text: `select c.id, exists (select 1 from orders o where o.customer > c.id and o.quantity > 15) e from customers c`,
  },
  {
    row: 'E-21',
    text: `select c.id from customers c where c.id in (select o.customer from orders o where o.id > c.id)`,
  },
  { row: 'E-21', text: `select c.id, c.id in (select o.customer from orders o where o.id > c.id) from customers c` },
  {
    row: 'E-21',
    text: `select c.id, c.id not in (select o.customer from orders o where o.quantity > c.id) from customers c`,
  },
  { row: 'E-21', text: `select id from orders where quantity > all (select size from cities where size is not null)` },
  { row: 'E-21', text: `select id, quantity > any (select size from cities) x from orders` },
  { row: 'E-21', text: `select id, quantity <= all (select size from cities) x from orders` },
  { row: 'E-21', text: `select id, quantity <> all (select size from cities where size is not null) x from orders` },
  { row: 'E-21', text: `select (select c.name from customers c where c.id = o.customer) n, o.id from orders o` },
  {
    row: 'E-20',
    text: `select c.id, (select o.id from orders o where o.customer = c.id order by o.id limit 1) f from customers c`,
  },
  {
    row: 'E-21',
    text: `select c.id from customers c where exists (select 1 from orders o where o.customer = c.id and exists (select 1 from cities t where t.city = c.city and t.size > o.quantity))`,
  },
  {
    row: 'E-21',
    text: `select c.id, (select sum(x) from (select o.amount * c.id as x from orders o where o.customer = c.id) s) y from customers c`,
  },
  {
    row: 'E-21',
    text: `select c.id, (select count(distinct o.region) from orders o where o.customer = c.id) y from customers c`,
  },
  {
    row: 'E-21',
    text: `select c.id from customers c where c.id = (select min(o.customer) from orders o where o.region = (select max(r.region) from orders r where r.customer = c.id))`,
  },
  {
    row: 'E-21',
    text: `select id from orders o where quantity = (select max(quantity) from orders i where i.region = o.region or (i.region is null and o.region is null))`,
  },
  {
    row: 'E-15',
    text: `select o.id, c.id from orders o full join customers c on o.customer = c.id and o.quantity > 5`,
  },
  {
    row: 'E-15',
    text: `select o.id, c.id from orders o full join customers c on o.customer < c.id and o.quantity > 18`,
  },
  {
    row: 'E-15',
    text: `select o.id, c.id from orders o right join customers c on o.customer > c.id and o.quantity > 17`,
  },
  { row: 'E-15', text: `select o.id, c.id from orders o left join customers c on o.customer > c.id + 7` },
  {
    row: 'E-13',
    text: `select region, paid, sum(amount), grouping(region) g, grouping(region, paid) gg from orders group by rollup(region, paid)`,
  },
  { row: 'E-13', text: `select region, paid, count(*) from orders group by cube(region, paid)` },
  { row: 'E-13', text: `select region, paid, count(*) from orders group by grouping sets ((region), (paid), ())` },
  { row: 'E-13', text: `select region, paid, quantity, count(*) from orders group by region, rollup(paid, quantity)` },
  { row: 'E-13', text: `select region, sum(amount) from orders where id < 0 group by rollup(region)` },
  {
    row: 'E-13',
    text: `select region, count(*) from orders group by rollup(region) having grouping(region) = 1 or count(*) > 3`,
  },
  {
    row: 'E-18',
    text: `select region, rank() over (partition by grouping(region) order by sum(quantity)) r from orders group by rollup(region)`,
  },
  {
    row: 'E-18',
    text: `select id, sum(quantity) over (order by id range between 3 preceding and 2 following) s from orders`,
  },
  {
    row: 'E-18',
    text: `select id, sum(quantity) over (order by quantity range between 3 preceding and 2 following) s from orders`,
  },
  {
    row: 'E-18',
    text: `select id, sum(quantity) over (order by quantity desc range between 3 preceding and current row) s from orders`,
  },
  {
    row: 'E-18',
    text: `select id, count(*) over (order by day range between interval '30 days' preceding and interval '1 month' following) s from orders`,
  },
  {
    row: 'E-18',
    text: `select id, sum(quantity) over (order by quantity groups between 1 preceding and 1 following) s from orders`,
  },
  {
    row: 'E-18',
    text: `select id, sum(quantity) over (order by id rows between 2 preceding and 2 following exclude current row) s from orders`,
  },
  {
    row: 'E-18',
    text: `select id, sum(quantity) over (order by quantity rows between 2 preceding and 2 following exclude ties) s from (select id, coalesce(quantity, 0) * 100 + id as quantity from orders) x`,
  },
  {
    row: 'E-18',
    text: `select id, count(*) over (order by quantity groups between 1 preceding and 1 following exclude group) s from orders`,
  },
  {
    row: 'E-18',
    text: `select id, count(*) over (order by quantity groups between 1 preceding and 1 following exclude ties) s from orders`,
  },
  {
    row: 'E-18',
    text: `select id, first_value(id) over (order by id rows between 1 following and 3 following) s, last_value(id) over (order by id rows between 3 preceding and 1 preceding) t, nth_value(id, 2) over (order by id rows between 3 preceding and 1 following) u from orders`,
  },
  { row: 'E-18', text: `select id, sum(quantity) filter (where paid) over (partition by region) s from orders` },
  { row: 'E-18', text: `select id, count(distinct quantity) over (partition by region) s from orders` },
  { row: 'E-12', text: `select sum(distinct quantity), count(distinct quantity), avg(distinct quantity) from orders` },
  { row: 'E-12', text: `select string_agg(region, ',' order by id desc) from orders` },
  {
    row: 'E-12',
    text: `select region, string_agg(cast(id as varchar), ',' order by quantity desc, id) from orders group by region`,
  },
  { row: 'E-12', text: `select region, array_agg(id order by amount, id) from orders group by region` },
  { row: 'E-12', text: `select string_agg(distinct region, ',' order by region) from orders` },
  { row: 'E-12', text: `select array_agg(distinct region order by region desc) from orders where region is not null` },
  {
    row: 'E-12',
    text: `select percentile_cont(0.3) within group (order by quantity), percentile_disc(0.3) within group (order by quantity), mode() within group (order by quantity % 3) from orders`,
  },
  {
    row: 'E-12',
    text: `select region, percentile_disc(0.5) within group (order by quantity desc) from orders group by region`,
  },
  {
    row: 'E-12',
    text: `select arg_max(id, amount), arg_min(id, amount), max_by(region, id), min_by(region, id) from orders`,
  },
  { row: 'E-12', text: `select bit_and(quantity), bit_or(quantity), bit_xor(quantity) from orders` },
  {
    row: 'E-12',
    text: `select regr_slope(amount, quantity), regr_intercept(amount, quantity), regr_count(amount, quantity), regr_r2(amount, quantity), regr_avgx(amount, quantity), regr_avgy(amount, quantity), regr_sxx(amount, quantity), regr_syy(amount, quantity), regr_sxy(amount, quantity) from orders`,
  },
  {
    row: 'E-12',
    text: `select corr(amount, quantity), covar_pop(amount, quantity), covar_samp(amount, quantity), stddev_samp(amount), var_pop(quantity), stddev_pop(quantity), variance(quantity) from orders`,
  },
  { row: 'E-12', text: `select bool_and(paid), bool_or(paid) from orders` },
  {
    row: 'E-20',
    text: `select region from orders union all (select city from customers intersect select city from cities) except all select 'x' order by 1`,
  },
  {
    row: 'E-10',
    text: `select x from unnest(array[3,1,2]) as t(x) order by x`,
    duckdb: `select x from unnest([3,1,2]) as t(x) order by x`,
  },
  {
    row: 'E-10',
    text: `select x, o from unnest(array['a','b']) with ordinality as t(x, o)`,
    duckdb: `select 'a' x, 1 o union all select 'b', 2`,
  },
  {
    row: 'E-10',
    text: `select id, unnest(array[id, quantity]) u from orders where id < 4`,
    duckdb: `select id, unnest([id, quantity]) u from orders where id < 4`,
  },
  {
    row: 'E-10',
    text: `select o.id, u.x from orders o cross join unnest(array[o.quantity, 1]) as u(x) where o.id < 5`,
    duckdb: `select o.id, u.x from orders o cross join unnest([o.quantity, 1]) as u(x) where o.id < 5`,
  },
  { row: 'E-10', text: `select g from generate_series(1, 10, 3) as t(g)` },
  { row: 'E-10', text: `select sum(g) from generate_series(1, 100) as t(g)` },
  { row: 'E-20', text: `values (1, 'a'), (2, 'b') order by 1 desc limit 1` },
  { row: 'E-20', text: `select id from orders order by id offset 3 limit 2` },
  { row: 'E-20', text: `select id from orders order by id fetch first 3 rows only` },
  {
    row: 'E-20',
    text: `select id, quantity from orders order by quantity desc nulls last fetch first 3 rows with ties`,
    duckdb: `select id, quantity from orders qualify rank() over (order by quantity desc nulls last) <= 3`,
  },
  { row: 'E-20', text: `select * from (select id, region from orders limit 0) x` },
  { row: 'E-21', text: `select (id, region) = (1, 'north') from orders` },
  { row: 'E-21', text: `select id from orders where (id, quantity) in (select customer, quantity from orders)` },
  { row: 'E-21', text: `select id from orders where (id, quantity) in ((1, 2), (3, 4))` },
  {
    row: 'E-18',
    text: `select row_number() over () n from cities`,
    duckdb: `select 1 n union all select 2 union all select 3 union all select 4`,
  },
  { row: 'E-21', text: `select a.id from orders a join orders b using (id) join orders c using (id) where a.id < 4` },
  { row: 'E-21', text: `select * from (values (1), (2)) v(x) where x in (select 1)` },
  { row: 'E-20', text: `select count(*) from orders tablesample system (100)`, duckdb: `select count(*) from orders` },
  {
    row: 'E-21',
    text: `select array(select id from customers order by id)`,
    duckdb: `select list(id order by id) from customers`,
  },
  {
    row: 'E-21',
    text: `select c.id, array(select o.id from orders o where o.customer = c.id order by o.id) from customers c`,
    duckdb: `select c.id, coalesce((select list(o.id order by o.id) from orders o where o.customer = c.id), []) from customers c`,
  },
  {
    row: 'E-21',
    text: `select o.id from orders o where exists (select from customers c where c.id = o.customer)`,
    duckdb: `select o.id from orders o where exists (select 1 from customers c where c.id = o.customer)`,
  },
  {
    row: 'E-21',
    text: `select id, case when quantity > (select avg(quantity) from orders) then 'hi' else 'lo' end x from orders`,
  },
  {
    row: 'E-21',
    text: `select region, count(*) from orders group by region having count(*) > (select count(*) / 10 from orders) order by 2, 1`,
  },
  {
    row: 'E-21',
    text: `select region, (select count(*) from customers c where c.city = 'Paris') from orders group by region`,
  },
  {
    row: 'E-21',
    text: `select region, (select count(*) from orders i where i.region = o.region) from orders o group by region`,
  },
  {
    row: 'E-21',
    text: `select c.id from customers c order by (select count(*) from orders o where o.customer = c.id), c.id`,
  },
  {
    row: 'E-10',
    text: `select array_sort(array[3,1,null,2]), array_distinct(array[1,1,2])`,
    duckdb: `select list_sort([3,1,null,2],'ASC','NULLS LAST'), list_sort(list_distinct([1,1,2]))`,
  },
  { row: 'E-06', text: `select levenshtein('kitten','sitting')` },
  { row: 'E-10', text: `select (array[1,2,3,4])[2:3]`, duckdb: `select [2,3]` },
  { row: 'E-10', text: `select '{"a":{"b":[1,"x"]}}' ->> 'a'`, duckdb: `select '{"b":[1,"x"]}'` },
  { row: 'E-10', text: `select '{"a":{"b":[1,"x"]}}' -> 'a' -> 'b' ->> 1`, duckdb: `select 'x'` },
  { row: 'E-06', text: `select 'abc' similar to '(a|b)%'`, duckdb: `select 'abc' similar to '(a|b).*'` },
  {
    row: 'E-04',
    text: `select 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 4, 16 >> 2`,
    duckdb: `select 5 & 3, 5 | 3, xor(5, 3), ~5, 1 << 4, 16 >> 2`,
  },
  {
    row: 'E-07',
    text: `select timestamp '2024-07-01 12:00:00' at time zone 'Europe/Paris'`,
    duckdb: `select timestamp '2024-07-01 14:00:00'`,
  },
  {
    row: 'E-07',
    text: `select datediff('month', date '2024-01-31', date '2024-02-01'), datediff('day', date '2024-01-31', date '2024-03-01')`,
  },
  { row: 'E-18', text: `select regr_sxy(amount, quantity) over (partition by region order by id) from orders` },
  { row: 'E-21', text: `select (1,2) < (1,3), (1,2) = (1,2), (2,1) >= (1,9)` },
  { row: 'E-10', text: `select 3 = any(array[1,2,3]), 3 > all(array[1,2])`, duckdb: `select true, true` },
  { row: 'E-10', text: `select x from (select unnest(array[1,2,3]) x) t where x > 1`, duckdb: `select unnest([2,3])` },
  { row: 'E-12', text: `select arg_max(id, amount), arg_min(id, amount) from orders` },
  { row: 'E-04', text: `select gcd(12, 18), lcm(4, 6), factorial(5), pi(), atan2(1, 2), log(2, 8), bit_count(255)` },
  {
    row: 'E-06',
    text: `select soundex('Robert'), overlay('abcdef' placing 'XX' from 2 for 3), substring_index('a.b.c', '.', 2)`,
    duckdb: `select 'R163', 'aXXef', 'a.b'`,
  },
  {
    row: 'E-07',
    text: `select dayname(date '2024-02-29'), next_day(date '2024-02-29', 'Mon'), monthname(date '2024-02-29')`,
    duckdb: `select 'Thu', date '2024-03-04', 'Feb'`,
  },
  {
    row: 'E-10',
    text: `select map_keys(map('a',1,'b',2)), map_values(map('a',1,'b',2)), element_at(map('a',1), 'a')`,
    duckdb: `select ['a','b'], [1,2], 1`,
  },
  {
    row: 'E-10',
    text: `select k, v from explode(map('a',1,'b',2)) as t(k, v)`,
    duckdb: `select 'a', 1 union all select 'b', 2`,
  },
  { row: 'E-10', text: `select typeof(1), typeof(array[1])`, duckdb: `select 'int', 'array<int>'` },
  { row: 'E-07', text: `select date '2024-01-31' + 2 * interval '1 month'`, duckdb: `select date '2024-03-31'` },
  { row: 'E-07', text: `select date '2024-01-31' + make_interval(days => 3)`, duckdb: `select date '2024-02-03'` },
  { row: 'E-12', text: `select median(quantity), mode(quantity) from orders where quantity is not null` },
  // Found by random queries.
  {
    row: 'E-12',
    text: `select count(1, quantity) n, regr_count(length('a'), quantity) r from orders`,
    duckdb: `select count(quantity) n, count(quantity) r from orders`,
  },
]
