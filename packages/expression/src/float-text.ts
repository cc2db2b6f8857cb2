/** A double or float as Java (and so Spark) writes it: `1.0`, `1.0E10`, `NaN`, `Infinity`. */
export function formatFloat(value: number, single = false): string {
  if (value !== value) return 'NaN'
  if (value === Infinity) return 'Infinity'
  if (value === -Infinity) return '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const shortest = single ? shortestSingle(value) : value.toExponential()
  // Java writes two digits at least, and so the two that are nearest: 4.9E-324.
  const nearest = /^-?\de/.test(shortest) ? value.toExponential(1).replace('.0e', 'e') : shortest
  const [mantissa, exponentText] = nearest.split('e') as [string, string]
  const exponent = Number(exponentText)
  if (exponent >= -3 && exponent < 7) {
    const plain = plainDigits(mantissa, exponent)
    return plain.includes('.') ? plain : `${plain}.0`
  }
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent}`
}

/** The fewest digits that give the same float32 again. */
function shortestSingle(value: number): string {
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits)
    if (Math.fround(Number(text)) === value) return text
  }
  return value.toExponential()
}

function plainDigits(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : ''
  const digits = mantissa.replace('-', '').replace('.', '')
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return sign + digits + '0'.repeat(exponent + 1 - digits.length)
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

const floatPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/

/** @returns null if the text (trimmed) is no number as Spark reads it. */
export function tryParseFloat(text: string): number | null {
  const trimmed = text.trim()
  if (floatPattern.test(trimmed)) return Number(trimmed.replace(/[dDfF]$/, ''))
  switch (trimmed.toLowerCase()) {
    case 'nan':
      return NaN
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Infinity
    case '-inf':
    case '-infinity':
      return -Infinity
    default:
      return null
  }
}
