import { checkFeatures, idsOfTests, parseFeatureMatrix } from './feature-matrix.js'

const document = (text: string) => new Map([['features/a.md', text]])
const matrix = '| ID | status | what |\n|---|---|---|\n| M-001 | done | runs |\n| M-002 | planned | later |\n'

describe('the feature matrix', () => {
  it('is read row by row', () => {
    expect(parseFeatureMatrix(document(matrix)).rows.map(({ id, status }) => [id, status])).toEqual([
      ['M-001', 'done'],
      ['M-002', 'planned'],
    ])
  })

  it('accepts a row called done that a test names', () => {
    const source = ["it('M-", "001: runs', () => {})"].join('')
    expect(checkFeatures(document(matrix), new Map([['a.test.ts', source]])).problems).toEqual([])
  })

  it('refuses a row called done without a test, with its place', () => {
    expect(checkFeatures(document(matrix), new Map()).problems).toEqual([
      { place: 'features/a.md:3', message: 'M-001 is called done, but no test names it' },
    ])
  })

  it('refuses an unknown status, a row twice, and a test that names no row', () => {
    const twice = `${matrix}| M-001 | soon | again |\n`
    const source = ["test('Q-", "99 …', run)"].join('')
    expect(checkFeatures(document(twice), new Map([['a.test.ts', source]])).problems.map((p) => p.message)).toEqual([
      'M-001 occurs twice',
      'M-001 has the status "soon"; it must be done, partial or planned',
      'M-001 is called done, but no test names it',
      'names Q-99, which is not in the matrix',
    ])
  })

  it('does not take an ID outside a title for a test', () => {
    expect(idsOfTests('// M-001 is shown elsewhere')).toEqual(new Set())
  })
})
