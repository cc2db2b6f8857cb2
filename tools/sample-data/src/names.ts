/*
 * Made-up names: syllables in a fixed order, so that a number gives a name and different numbers give different ones. All
 * letters are of Latin-1, which keeps JavaScript's strings at a byte a letter.
 */

const starts = [
  'Al',
  'Bre',
  'Ca',
  'Do',
  'El',
  'Fi',
  'Ga',
  'Hel',
  'I',
  'Jo',
  'Ka',
  'Lu',
  'Mé',
  'No',
  'Or',
  'Pa',
  'Ri',
  'Sö',
  'Ta',
  'Vi',
  'Wen',
  'Yl',
  'Ze',
  'Añ',
]
const middles = ['la', 'ri', 'ne', 'do', 'vi', 'sa', 'te', 'mo', 'bel', 'gus', 'ran', 'lo', 'ki', 'na', 'ré', 'fa']
const ends = [
  'na',
  'ro',
  'lie',
  'mir',
  'ta',
  'nus',
  'dine',
  'bert',
  'lyn',
  'ko',
  'mel',
  'sa',
  'vin',
  'ra',
  'dor',
  'nia',
]

const firstCount = 512
/** Odd steps through a power of two: people with the same first name never share the last one. */
const lastCount = 4096
/** As many as there are pairs of names. */
export const maxPeople = firstCount * lastCount

/** The i-th of 6,144 names of three syllables. */
const word = (i: number): string =>
  starts[i % starts.length]! +
  middles[Math.floor(i / starts.length) % middles.length]! +
  ends[Math.floor(i / (starts.length * middles.length)) % ends.length]!

const firstNames = Array.from(
  { length: firstCount },
  (_, i) =>
    starts[(i * 5) % starts.length]! +
    ends[Math.floor(i / 2) % ends.length]! +
    (i < 384 ? '' : middles[i % middles.length]!),
)
const distinctFirst = [...new Set(firstNames)]

export interface PersonName {
  readonly first: string
  readonly last: string
}

/** The i-th person, i < maxPeople; no two have the same name. */
export function personName(i: number): PersonName {
  const first = i % distinctFirst.length
  const round = Math.floor(i / distinctFirst.length)
  return { first: distinctFirst[first]!, last: word((first * 37 + round * 2_731) % lastCount) }
}

/** Somebody who is no customer: no customer's name is hyphenated. */
export const strangerName = (i: number): PersonName => ({
  first: distinctFirst[i % distinctFirst.length]!,
  last: `${word(i % lastCount)}-Vorn`,
})

const trades = [
  'Toys',
  'Models',
  'Gifts',
  'Imports',
  'Collectables',
  'Motors',
  'Trading Co.',
  'Stores, Ltd.',
  'Hobbies',
  'Sons & Daughters',
]
export const companyName = (i: number): string => `${word((i * 11) % lastCount)} ${trades[i % trades.length]!}`
const streets = ['Street', 'Road', 'Lane', 'Avenue', 'Square', 'Way']
export const streetAddress = (i: number): string =>
  `${1 + ((i * 7) % 998)} ${word((i * 5 + 1) % lastCount)} ${streets[i % streets.length]!}${i % 9 === 0 ? ` #${1 + (i % 90)}` : ''}`
export const cityName = (i: number): string => `${word((i * 13 + 7) % 611)}${i % 5 === 0 ? ' Bay' : ''}`
export const countyName = (i: number): string => `${word((i * 17 + 3) % 97)}shire`

/** The name as a mail address or host name has it. */
export const plainLetters = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[^A-Za-z0-9]/g, '')
    .toLowerCase()
