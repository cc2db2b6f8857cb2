import { PageTrial } from './page-trial.js'

const asked = (trial: PageTrial, groups: number, left: (group: number) => number): number[] => {
  const result: number[] = []
  for (let group = 0; group < groups; group++) {
    if (!trial.next()) continue
    result.push(group)
    trial.note(1000, left(group))
  }
  return result
}

describe('asking for page bounds', () => {
  it('goes on while they leave rows out', () => {
    expect(asked(new PageTrial(), 40, () => 900)).toHaveLength(40)
  })

  it('pauses where they do not, and begins again where they do', () => {
    expect(asked(new PageTrial(), 40, () => 1000)).toEqual([0, 1, 2, 18, 34])
    const later = asked(new PageTrial(), 60, (group) => (group < 10 ? 1000 : 0))
    expect(later.slice(0, 5)).toEqual([0, 1, 2, 18, 19])
    expect(later).toHaveLength(3 + 60 - 18)
  })
})
