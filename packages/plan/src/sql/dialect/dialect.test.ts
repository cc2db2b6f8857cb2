import { describe, expect, it } from '@jest/globals'
import { translateDialect } from './dialect.js'

const translated = (text: string): string => translateDialect(text).text.replace(/\s+/g, ' ').trim()

describe('the dialect in PostgreSQL’s grammar', () => {
  it.each([
    ['select 1', 'select 1'],
    [`select 'a ''x -> y' as "b c" -- x -> y`, `select 'a ''x -> y' as "b c" -- x -> y`],
    ['select $$ [1] $$, $t$ `a` $t$', 'select $$ [1] $$, $t$ `a` $t$'],
    ['select try_cast(a as int)', 'select try_cast(cast(a as int))'],
    ['select f(x -> x + 1)', `select f("__lambda"( x + 1, 'x'))`],
    [`select f(doc -> 'a')`, `select f(doc -> 'a')`],
    [`select transform(l, x -> 'a')`, `select transform(l, "__lambda"( 'a', 'x'))`],
    ['select f(a, (x, y) -> x and y, 1)', `select f(a, "__lambda"( x and y, 'x', 'y'), 1)`],
    ['select [1, [2]], a[1], (b)[2]', 'select (array[1, (array[2])]), a[1], (b)[2]'],
    [`select {'a': {b: 1}}`, `select (named_struct('a', (named_struct('b', 1))))`],
    ['select cast(a as map<string, array<int>>)', 'select cast(a as "map<string, array<int>>")'],
    ['select a <=> b, a == b', 'select a is not distinct from b, a = b'],
    ['select f(x)[1], g(y).z', 'select (f(x))[1], (g(y)).z'],
    ['select 1L, 2.5D', 'select 1::bigint, 2.5::float8'],
    [
      'select a from t qualify rank() over w = 1 limit 2',
      'select a from t having "__qualify"( rank() over w = 1) limit 2',
    ],
    ['select * exclude (a) from t', 'select *, "__exclude"(a) from t'],
    ['select * except select 1', 'select * except select 1'],
    ['select count(*) except (select 1)', 'select count(*) except (select 1)'],
    ['from t', 'select * from t'],
    ['from t select a where b', 'select a from t where b'],
    ['select a from b left semi join c on b.x = c.x where y', 'select a from b join c on "__semi"( b.x = c.x) where y'],
    ['select a from b anti join c using (x)', 'select a from b join c using (x) as "__anti"'],
    ['select interval 3 day, interval (n) hour', `select interval '3 day', ( (n) * interval '1 hour')`],
    [`select interval '1' day`, `select interval '1 day'`],
    ['describe t', 'explain (describe) select * from t'],
    ['select top 5 a from t', 'select "__top"(5), a from t'],
    [`select * from 'a/b.csv'`, `select * from read_csv('a/b.csv')`],
    [`select trim(both 'x' from 'a/b')`, `select trim(both 'x' from 'a/b')`],
    ['create or replace table t as select 1', 'create table t with (or_replace) as select 1'],
    ['select a, from t', 'select a from t'],
  ])('E-21: %s', (text, expected) => {
    expect(translated(text)).toBe(expected)
  })

  it('E-21: knows where in the written text a place is', () => {
    const { text, origin } = translateDialect('select try_cast(a as int), [b], missing')
    expect(origin(text.indexOf('missing'))).toBe('select try_cast(a as int), [b], '.length)
    expect(origin(text.indexOf('b]'))).toBe('select try_cast(a as int), ['.length)
  })

  it('E-21: leaves a text alone whose quotes are not closed', () => {
    expect(translateDialect(`select 'a`).text).toBe(`select 'a`)
  })
})
