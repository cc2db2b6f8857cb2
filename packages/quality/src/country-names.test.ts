import { isCountry } from './country-names.js'

/** Codes that name no country: the world, groups, and those kept for private use. */
const noCountry = new Set(['EU', 'EZ', 'UN', 'QO', 'ZZ', 'XA', 'XB'])
/** Of which locale data change the name from release to release. */
const renamed = new Set(['AN', 'BQ', 'CQ', 'FK', 'MK', 'PS', 'SZ', 'TR'])

describe('country names', () => {
  it('M-021: knows the countries that the platform knows, by name and code', () => {
    const display = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })
    const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i))
    const codes = letters.flatMap((first) => letters.map((second) => first + second))
    const named = codes.filter((code) => !noCountry.has(code) && display.of(code) !== undefined)
    expect(named.length).toBeGreaterThan(240)
    expect(named.filter((code) => !isCountry(code.toLowerCase()))).toEqual([])
    const names = named.filter((code) => !renamed.has(code)).map((code) => display.of(code)!)
    expect(names.filter((name) => !isCountry(name))).toEqual([])
  })

  it('knows what people write, and no other text', () => {
    const written = [
      'USA',
      'uk',
      'United States of America',
      ' Bosnia and Herzegovina ',
      'Turkey',
      'Türkiye',
      'Germany',
    ]
    expect(written.filter((text) => !isCountry(text))).toEqual([])
    expect(['EU', 'ZZ', 'XX', 'Berlin', 'Alabama', '', 'D', 'x'.repeat(60)].filter(isCountry)).toEqual([])
  })
})
