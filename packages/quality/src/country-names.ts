/** English names of countries and their codes of two letters (ISO 3166), as the platform's locale data have them. */
interface Countries {
  readonly names: ReadonlySet<string>
  readonly codes: ReadonlySet<string>
}
let known: Countries | null = null

/** Codes that name no country: the world, groups, and those kept for private use. */
const noCountry = new Set(['EU', 'EZ', 'UN', 'QO', 'ZZ', 'XA', 'XB'])
const otherNames = [
  'usa',
  'united states of america',
  'great britain',
  'england',
  'scotland',
  'wales',
  'holland',
  'uae',
]
const otherCodes = ['UK', 'USA', 'GBR', 'UAE']

function countries(): Countries {
  if (known !== null) return known
  const display = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })
  const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i))
  const named = letters
    .flatMap((first) => letters.map((second) => first + second))
    .filter((code) => !noCountry.has(code))
    .map((code) => [code, display.of(code)] as const)
    .filter(([, name]) => name !== undefined)
  known = {
    names: new Set([...named.map(([, name]) => name!.toLowerCase()), ...otherNames]),
    codes: new Set([...named.map(([code]) => code), ...otherCodes]),
  }
  return known
}

/** Whether a text is a country's name or code. The first call takes some 50 ms: the platform loads its names. */
export function isCountry(value: string): boolean {
  const text = value.trim()
  if (text.length < 2 || text.length > 44) return false
  const { names, codes } = countries()
  return names.has(text.toLowerCase()) || codes.has(text.toUpperCase())
}
