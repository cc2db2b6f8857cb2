import * as fc from 'fast-check'
import { VariantError, variantNames, variantText } from './variant-text.js'
import { variantBinary } from './variant-binary.js'

const roundTrip = (text: string): string => {
  const { metadata, value } = variantBinary(text)
  return variantText(variantNames(metadata), value)
}

describe('D-27: JSON text as a variant', () => {
  it.each([
    ['null', [0]],
    ['true', [4]],
    ['-1', [3 << 2, 255]],
    ['-129', [4 << 2, 0x7f, 0xff]],
    ['12.34', [8 << 2, 2, 0xd2, 0x04, 0, 0]],
    ['"a"', [(1 << 2) | 1, 0x61]],
    ['[null, 7]', [3, 2, 0, 1, 3, 0, 3 << 2, 7]],
  ])('%s has the bytes of the specification', (text, bytes) => {
    expect([...variantBinary(text).value]).toEqual(bytes)
  })

  it.each([
    ['{"b": 1, "a": {"b": [1.50, "é"]}}', '{"a":{"b":[1.5,"é"]},"b":1}'],
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['9223372036854775808', '9223372036854775808'],
    ['-99999999999999999999999999999999999.999', '-99999999999999999999999999999999999.999'],
    ['0.00000000000000000000000000000000000001', '0.00000000000000000000000000000000000001'],
    ['{}', '{}'],
    ['[]', '[]'],
    ['{"a":1,"a":2}', '{"a":2}'],
    [`"${'long '.repeat(40)}"`, `"${'long '.repeat(40)}"`],
    [`[${Array.from({ length: 300 }, (_, i) => i).join()}]`, `[${Array.from({ length: 300 }, (_, i) => i).join()}]`],
  ])('%s is read as it was', (text, expected) => {
    expect(roundTrip(text)).toBe(expected)
  })

  it('comes back from its bytes, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(JSON.parse(roundTrip(JSON.stringify(json)))).toEqual(JSON.parse(JSON.stringify(json)))
      }),
    )
  })

  it.each(['', 'nope', '{', '{"a"}', '[1,]', '01', '"', '1 2', '{"a":1,}', "{'a':1}", `${'['.repeat(300)}`])(
    '%j is refused',
    (text) => expect(() => variantBinary(text)).toThrow(VariantError),
  )
})
