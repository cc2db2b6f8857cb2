import { expressionKey, expressionsEqual } from './index.js'

describe('expressions as keys', () => {
  const column = (index: number) => ({ kind: 'column', index, name: 'a', type: { kind: 'int64' }, nullable: true })
  const trees: readonly unknown[] = [
    null,
    0,
    -0,
    Number.NaN,
    1,
    1n,
    '1',
    true,
    [1, 2],
    [1],
    new Uint8Array([1, 2]),
    new Uint8Array([1, 3]),
    column(0),
    column(1),
    { ...column(1), qualifier: undefined },
    { ...column(1), qualifier: 't' },
    { kind: 'literal', value: 1n, type: { kind: 'int64' }, nullable: false },
    { kind: 'literal', value: 1, type: { kind: 'int32' }, nullable: false },
  ]

  it('two trees are equal if and only if their keys are', () => {
    for (const a of trees) {
      for (const b of trees) {
        expect([a, b, expressionsEqual(a, structuredClone(b))]).toEqual([a, b, expressionKey(a) === expressionKey(b)])
      }
    }
  })
})
