import { malformedXml } from './s3-error.js'

/** An element's content: text, child elements by name (several of a name as a list), or nothing. */
export type XmlValue = string | number | boolean | null | undefined | XmlElement | readonly XmlValue[]
export interface XmlElement {
  readonly [name: string]: XmlValue
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
}
const escape = (text: string): string => text.replace(/[&<>"\r]/g, (character) => escapes[character]!)

/** `<?xml …?><name xmlns="…">…</name>`; null and undefined members are left out. */
export const xmlDocument = (
  name: string,
  content: XmlElement,
  namespace = 's3.amazonaws.com/doc/2006-03-01/',
): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${namespace === '' ? '' : ` xmlns="http://${namespace}"`}>${body(content)}</${name}>`

function body(content: XmlElement): string {
  let text = ''
  for (const [name, value] of Object.entries(content)) {
    for (const item of Array.isArray(value) ? (value as readonly XmlValue[]) : [value]) {
      if (item === null || item === undefined) continue
      text += `<${name}>${typeof item === 'object' ? body(item as XmlElement) : escape(String(item))}</${name}>`
    }
  }
  return text
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Texts of all `<outer>` elements' children, in order: enough for the two documents that clients of S3 send. */
export function readElements(xml: string, outer: string): readonly ReadonlyMap<string, string>[] {
  const found: ReadonlyMap<string, string>[] = []
  for (const [, inner] of xml.matchAll(new RegExp(`<${outer}(?:\\s[^>]*)?>([\\s\\S]*?)</${outer}>`, 'g'))) {
    const members = new Map<string, string>()
    for (const [, name, text] of inner!.matchAll(/<(\w+)(?:\s[^>]*)?>([^<]*)<\/\1>/g))
      members.set(name!, unescape(text!))
    found.push(members)
  }
  if (found.length === 0) throw malformedXml()
  return found
}

const unescape = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return entities[name!] ?? whole
  })
