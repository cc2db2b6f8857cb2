/*
 * Patterns of dates that are not Java's: PostgreSQL's (YYYY-MM-DD HH24:MI:SS, as Redshift and Snowflake have them) and C's
 * strftime (%Y-%m-%d), as DateTimeFormatter patterns.
 */

const postgres: readonly (readonly [RegExp, string])[] = [
  [/^FM/i, ''],
  [/^HH24/i, 'HH'],
  [/^HH12/i, 'hh'],
  [/^HH/i, 'hh'],
  [/^MI/i, 'mm'],
  [/^SS/i, 'ss'],
  [/^MS/, 'SSS'],
  [/^US/, 'SSSSSS'],
  [/^FF([1-9])/i, 'S'],
  [/^FF/i, 'SSSSSS'],
  [/^(AM|PM|A\.M\.|P\.M\.)/i, 'a'],
  [/^Y,?YYY/i, 'yyyy'],
  [/^YY/i, 'yy'],
  [/^(MONTH|Month|month)/, 'MMMM'],
  [/^(MON|Mon|mon)/, 'MMM'],
  [/^MM/i, 'MM'],
  [/^DDD/i, 'DDD'],
  [/^DD/i, 'dd'],
  [/^(DAY|Day|day)/, 'EEEE'],
  [/^(DY|Dy|dy)/, 'EEE'],
  [/^Q/i, 'Q'],
  [/^TZH:?TZM/i, 'xxx'],
  [/^TZ/i, 'xxx'],
  [/^"[^"]*"/, ''],
]

/** Whether the pattern can only be PostgreSQL's: its letters are upper case, or name 24 hours or minutes by MI. */
const isPostgres = (pattern: string): boolean =>
  /YYYY|HH24|HH12|\bMI\b|:MI/i.test(pattern)
    ? /Y|HH24|HH12|MI/.test(pattern)
    : /^[^a-z]*$/.test(pattern) && /DD|YY|SS|MON|Q/.test(pattern)

/** A pattern of PostgreSQL as Java's; Java's own as it is. */
export function javaPattern(pattern: string): string {
  if (!isPostgres(pattern)) return pattern
  let result = ''
  let rest = pattern
  while (rest !== '') {
    const found = postgres.find(([from]) => from.test(rest))
    const match = found?.[0].exec(rest)?.[0]
    if (found !== undefined && match !== undefined) {
      if (match.startsWith('"')) result += `'${match.slice(1, -1).replaceAll("'", "''")}'`
      else if (/^FF[1-9]/i.test(match)) result += 'S'.repeat(Number(match[2]))
      else result += found[1]
      rest = rest.slice(match.length)
      continue
    }
    result += /[A-Za-z]/.test(rest[0]!) ? `'${rest[0]!}'` : rest[0]!
    rest = rest.slice(1)
  }
  return result
}

const strftime: Readonly<Record<string, string>> = {
  Y: 'yyyy',
  y: 'yy',
  m: 'MM',
  d: 'dd',
  H: 'HH',
  I: 'hh',
  M: 'mm',
  S: 'ss',
  f: 'SSSSSS',
  g: 'SSS',
  p: 'a',
  B: 'MMMM',
  b: 'MMM',
  h: 'MMM',
  A: 'EEEE',
  a: 'EEE',
  j: 'DDD',
  z: 'xx',
  e: 'd',
  F: 'yyyy-MM-dd',
  T: 'HH:mm:ss',
  D: 'MM/dd/yy',
  R: 'HH:mm',
  '-d': 'd',
  '-m': 'M',
  '-H': 'H',
  '-I': 'h',
  '-M': 'm',
  '-S': 's',
}

/** %Y-%m-%d as Java's pattern, or the conversion that there is none for. */
export function strftimePattern(pattern: string): { readonly pattern: string } | { readonly unknown: string } {
  let unknown: string | null = null
  const result = pattern.replace(/%(-?[A-Za-z%])|([A-Za-z']+)/g, (whole, conversion?: string, words?: string) => {
    if (words !== undefined) return `'${words.replaceAll("'", "''")}'`
    if (conversion === '%') return '%'
    const found = strftime[conversion!]
    if (found === undefined) unknown ??= whole
    return found ?? ''
  })
  return unknown === null ? { pattern: result } : { unknown }
}
