import { shreddedText } from './shredded-variant.js'
import { VariantError, variantNames, variantText } from './variant-text.js'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const int8 = 3 << 2
const float = 14 << 2
const decimal4 = 8 << 2
const shortText = (text: string): number[] => [(text.length << 2) | 1, ...Buffer.from(text)]

describe('variants as JSON text', () => {
  const names = variantNames(bytes(1, 2, 0, 1, 2, 0x62, 0x61)) // b, a

  it.each([
    ['null', bytes(0), 'null'],
    ['true', bytes(4), 'true'],
    ['an integer', bytes(int8, 0xff), '-1'],
    ['a decimal without trailing zeros', bytes(decimal4, 2, 0xd2, 0x04, 0, 0), '12.34'],
    ['a whole decimal', bytes(decimal4, 1, 100, 0, 0, 0), '10'],
    ['the shortest float', bytes(float, 0xcd, 0xcc, 0xcc, 0x3d), '0.1'],
    ['text', bytes(...shortText('a"b')), '"a\\"b"'],
    ['an array', bytes(3, 2, 0, 1, 3, 0, int8, 7), '[null,7]'],
    ['an object, its keys in order', bytes(2, 2, 0, 1, 0, 2, 4, int8, 1, int8, 2), '{"a":2,"b":1}'],
  ])('%s', (_, value, text) => {
    expect(variantText(names, value)).toBe(text)
  })

  it('D-28: joins what is shredded with what is not', () => {
    const group = (fields: readonly [string, unknown][]): never =>
      ({ kind: 'struct', fields: fields.map(([name, type]) => ({ name, type, nullable: true })) }) as never
    const binary = { kind: 'binary' }
    const member = group([
      ['value', binary],
      ['typed_value', { kind: 'int32' }],
    ])
    const type = group([
      ['metadata', binary],
      ['value', binary],
      ['typed_value', group([['a', member]])],
    ])
    const rest = bytes(2, 1, 0, 0, 2, int8, 1)
    expect(shreddedText(names, type, [bytes(), rest, [[null, 9]]])).toBe('{"a":9,"b":1}')
    expect(shreddedText(names, type, [bytes(), rest, [[bytes(4), null]]])).toBe('{"a":true,"b":1}')
    expect(shreddedText(names, type, [bytes(), rest, [[null, null]]])).toBe('{"b":1}')
    expect(shreddedText(names, type, [bytes(), null, null])).toBeNull()
    expect(() => shreddedText(names, type, [bytes(), bytes(0), [[null, 1]]])).toThrow(VariantError)
  })

  it('refuses damaged bytes', () => {
    const whole = bytes(2, 2, 0, 1, 0, 2, 4, int8, 1, int8, 2)
    for (let end = 0; end < whole.length; end++) {
      expect(() => variantText(names, whole.subarray(0, end))).toThrow(VariantError)
    }
    expect(() => variantNames(bytes(2, 0, 0))).toThrow(VariantError)
    expect(() => variantNames(bytes(1, 200, 0))).toThrow(VariantError)
    expect(() => variantText([], whole)).toThrow(VariantError)
  })
})
