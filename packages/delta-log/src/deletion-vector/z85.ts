const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
const digits = new Int8Array(128).fill(-1)
for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i

/**
 * ZeroMQ RFC 32: five characters are four bytes, big endian. Writers in Rust (delta-kernel) end with as many `#` and fewer
 * characters as bytes are missing from the last four; no number begins with `#`.
 * @returns null if the text is no Z85
 */
export function decodeZ85(text: string): Uint8Array | null {
  if (text.length % 5 !== 0) return null
  const missing = /^#{0,3}/.exec(text.slice(-5))![0].length
  const bytes = new Uint8Array((text.length / 5) * 4 - missing)
  for (let at = 0, out = 0; at < text.length;) {
    const end = at + 5
    const count = end === text.length ? 4 - missing : 4
    if (count < 4) at += missing
    let value = 0
    for (; at < end; at++) {
      const code = text.charCodeAt(at)
      const digit = code < 128 ? digits[code]! : -1
      if (digit < 0) return null
      value = value * 85 + digit
    }
    if (value >= 256 ** count) return null
    for (let i = count - 1; i >= 0; i--) bytes[out++] = (value >>> (8 * i)) & 0xff
  }
  return bytes
}

/** Four bytes are five characters; bytes that do not fill up the last four are followed by zeros. */
export function encodeZ85(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    let value = 0
    for (let i = 0; i < 4; i++) value = value * 256 + (bytes[at + i] ?? 0)
    let five = ''
    for (let i = 0; i < 5; i++, value = Math.floor(value / 85)) five = alphabet[value % 85]! + five
    text += five
  }
  return text
}
