import { describe, expect, it } from '@jest/globals'
import type { Value } from '@deltaworks/schema'
import { bind } from '../bind.js'
import { fn } from '../function-builders.js'
import { interpret } from '../interpret.js'

const value = (name: string, ...args: readonly Value[]): Value => {
  const call = (
    fn as Readonly<Record<string, (...of: readonly Value[]) => { readonly node: Parameters<typeof bind>[0] }>>
  )[name]!
  return interpret(bind(call(...args).node, { fields: [] }), [])
}

describe('E-06: functions of texts', () => {
  it.each<[string, readonly Value[], Value]>([
    ['length', ['日本😀'], 3],
    ['octet_length', ['日本😀'], 10],
    ['upper', ['straße'], 'STRASSE'],
    ['lower', ['ÀÉ'], 'àé'],
    ['initcap', ['élan VITAL'], 'Élan Vital'],
    ['reverse', ['a😀b'], 'b😀a'],
    ['substring', ['a😀bc', 2, 2], '😀b'],
    ['lpad', ['😀', 3, 'xy'], 'xy😀'],
    ['translate', ['a😀b', '😀b', 'x'], 'ax'],
    ['levenshtein', ['a😀', 'a'], 1],
    ['hamming', ['😀b', '😀c'], 1],
    ['printf', ['%5s|%-5s|%05d|%x', 'é', 'b', -42, 255], '    é|b    |-0042|ff'],
    ['printf', ['%,d %+.1e %%', 1234567, 12345.678], '1,234,567 +1.2e+04 %'],
    ['format', ['{1}-{0} {{}} {:>4}', 'a', 'b'], 'b-a {}    a'],
    ['format_number', [-1234.5, 0], '-1,235'],
    ['to_char', [1234.5, '9,999.99'], ' 1,234.50'],
    ['to_char', [-12, 'S0000'], '-0012'],
    ['to_char', [12345, '999'], '###'],
    ['regexp_extract', ['x12', '[0-9]+'], '12'],
    ['parse_url', ['https://u@h.org:8080/p/q?a=1&b=2#f', 'QUERY', 'b'], '2'],
    ['conv', ['-1', 10, 16], 'FFFFFFFFFFFFFFFF'],
    ['url_encode', ['ü +'], '%C3%BC+%2B'],
    ['url_decode', ['%C3%BC+%2B'], 'ü +'],
  ])('E-06: %s(%j) is %j', (name, args, expected) => {
    expect(value(name, ...args)).toBe(expected)
  })

  it.each<[string, readonly Value[], RegExp]>([
    ['printf', ['%d', 1.5], /whole number/],
    ['printf', ['%s %s', 'a'], /only 1/],
    ['printf', ['%q', 1], /no such conversion/],
    ['url_decode', ['%zz'], /part of a URL/],
    ['decode', ['xyz', 'hex'], /hexadecimal/],
    ['hamming', ['a', 'ab'], /one length/],
    ['to_number', ['1.234', '9.99'], /more digits/],
  ])('E-06: %s(%j) is refused', (name, args, message) => {
    expect(() => value(name, ...args)).toThrow(message)
  })
})
