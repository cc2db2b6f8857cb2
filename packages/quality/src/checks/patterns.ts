/*
 * What Deequ's built-in checks look for, anywhere in a value.
 */

const atom = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
const quoted =
  '"(?:[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x21\\x23-\\x5b\\x5d-\\x7f]|\\\\[\\x01-\\x09\\x0b\\x0c\\x0e-\\x7f])*"'
const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?'
const octet = '(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)'

/** An address of RFC 5322 in lower case: a dot-atom or quoted text, and a domain with a dot or an IPv4 address in brackets. */
export const emailPattern = `(?:${atom}(?:\\.${atom})*|${quoted})@(?:(?:${label}\\.)+${label}|\\[(?:${octet}\\.){3}${octet}\\])`

export const urlPattern = '(https?|ftp)://[^\\s/$.?#].[^\\s]*'

/** US: no area 000, 666 or 9xx, no group 00, no serial 0000; one separator throughout; not the two famous specimens. */
export const socialSecurityPattern =
  '(?!219([- ]?)09\\1(?:9999)|078([- ]?)05\\2(?:1120))(?!666|000|9\\d{2})\\d{3}([- ]?)(?!00)\\d{2}\\3(?!0{4})\\d{4}'

/** Visa, MasterCard and Discover in fours, American Express in 4, 6 and 5 digits; one separator throughout. */
export const creditCardPattern =
  '\\b(?:3[47]\\d{2}([ -]?)\\d{6}\\1\\d{5}|(?:4\\d{3}|5[1-5]\\d{2}|65\\d{2}|6011)([ -]?)\\d{4}\\2\\d{4}\\2\\d{4})\\b'

/** The text of a pattern; flags that change what it matches (`i`, `m`, `s`) stand in front of it. */
export function patternSource(pattern: string | RegExp): string {
  if (typeof pattern === 'string') return pattern
  const flags = [...pattern.flags].filter((flag) => 'ims'.includes(flag)).join('')
  return flags === '' ? pattern.source : `(?${flags})${pattern.source}`
}
