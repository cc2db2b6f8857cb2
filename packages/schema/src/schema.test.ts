import { decimal, int32, int64, list, map, string, struct, typeName, typesEqual } from './data-type.js'
import { DeltaworksError, errorFromData, errorToData, isDeltaworksError } from './error.js'
import { nearest } from './errors.js'
import { describeSchema, field, fieldIndex, fieldOf, schema, schemasEqual, selectFields } from './schema.js'

const people = schema([field('id', int64, false), field('Name', string), field('tags', list(string))])

describe('a schema', () => {
  it('finds columns without regard to case, an exact name first', () => {
    const both = { fields: [field('NAME', string), field('name', int32)] }
    expect(fieldIndex(people, 'name')).toBe(1)
    expect(fieldIndex(both, 'name')).toBe(1)
    expect(fieldIndex(people, 'age')).toBe(-1)
  })

  it('names the nearest column and all others if there is none', () => {
    expect(() => fieldOf(people, 'nmae')).toThrow(
      'There is no column "nmae" (did you mean "Name"?). Columns: id, Name, tags.',
    )
  })

  it('refuses two columns of one name', () => {
    expect(() => schema([field('a', string), field('A', string)])).toThrow(/occurs twice/)
  })

  it('selects, compares and describes', () => {
    expect(selectFields(people, ['tags', 'ID']).fields.map((f) => f.name)).toEqual(['tags', 'id'])
    expect(schemasEqual(people, schema([...people.fields]))).toBe(true)
    expect(schemasEqual(people, selectFields(people, ['id', 'Name']))).toBe(false)
    expect(describeSchema(people)).toBe('id bigint not null, Name string, tags array<string>')
  })
})

describe('types', () => {
  const nested = struct([field('a', decimal(12, 2)), field('m', map(string, list(int32)))])

  it('are shown as SQL has them', () => {
    expect(typeName(nested)).toBe('struct<a:decimal(12,2),m:map<string,array<int>>>')
  })

  it('are equal by structure', () => {
    expect(typesEqual(nested, struct([...nested.fields]))).toBe(true)
    expect(typesEqual(decimal(12, 2), decimal(12, 3))).toBe(false)
    expect(typesEqual(list(int32), list(int32, false))).toBe(false)
    expect(typesEqual(int32, int64)).toBe(false)
  })
})

describe('errors', () => {
  const error = new DeltaworksError('DW-TEST-0001', 'data', 'Wrong.', { line: 3 })

  it('cross a thread as data', () => {
    const again = errorFromData(structuredClone(errorToData(error)))
    expect(isDeltaworksError(again)).toBe(true)
    expect(again).toMatchObject({ code: 'DW-TEST-0001', fault: 'data', message: 'Wrong.', details: { line: 3 } })
  })

  it('that are not ours become internal ones that ask for a report', () => {
    const data = errorToData(new RangeError('out'))
    expect(data).toMatchObject({ code: 'DW-INTERNAL-0001', fault: 'internal' })
    expect(data.message).toMatch(/out.*please report/)
    expect(isDeltaworksError(new Error('x'))).toBe(false)
  })

  it('suggest only names that are close', () => {
    expect(nearest('amuont', ['amount', 'total'])).toBe(' (did you mean "amount"?)')
    expect(nearest('zzz', ['amount', 'total'])).toBe('')
  })
})
