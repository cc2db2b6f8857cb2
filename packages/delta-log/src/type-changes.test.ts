import { date, decimal, field, float64, int16, int32, int64, int8, string, type DataType } from '@deltaworks/schema'
import { schemaToJson } from './schema-json.js'
import { checkTypeChanges, isTypeChangeAllowed, typeChangesKey } from './type-changes.js'

const nameOf = (type: DataType): string =>
  (schemaToJson({ fields: [field('c', type)] }) as { fields: { type: string }[] }).fields[0]!.type

/** A column of the type that was another one before. */
const changed = (from: DataType, to: DataType) => ({
  fields: [{ ...field('c', to), metadata: { [typeChangesKey]: [{ fromType: nameOf(from), toType: nameOf(to) }] } }],
})

describe('changes of types', () => {
  const cases: readonly (readonly [from: DataType, to: DataType, isAllowed: boolean, isReadable: boolean])[] = [
    [int8, int64, true, true],
    [int32, float64, true, true],
    [int32, decimal(11, 1), true, true],
    // The protocol wants room for ten digits; three hold all that a byte can be.
    [int8, decimal(4, 1), false, true],
    [int16, decimal(6, 1), false, true],
    [int8, decimal(3, 1), false, false],
    [int64, decimal(20, 0), true, true],
    [int64, decimal(19, 0), false, false],
    [date, string, false, false],
  ]
  it.each(cases)('D-29: %j to %j: written %s, read %s', (from, to, isAllowed, isReadable) => {
    expect(isTypeChangeAllowed(from, to)).toBe(isAllowed)
    const check = (): void => checkTypeChanges(changed(from, to), 'file:///t')
    if (isReadable) expect(check).not.toThrow()
    else expect(check).toThrow(/file:\/\/\/t\.c/)
  })
})
