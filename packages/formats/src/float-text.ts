/**
 * The shortest number that reads back to the same value of its width, as Python's `repr` writes it (1.0, 1e+16, 1e-05); NaN and infinities
 * are JSON strings, and -0 is 0.0.
 */
export function floatText(value: number, kind: 'float32' | 'float64'): string {
  if (Number.isNaN(value)) return '"NaN"'
  if (value === Infinity) return '"Infinity"'
  if (value === -Infinity) return '"-Infinity"'
  if (value === 0) return '0.0'
  return pythonRepr(kind === 'float64' ? value : shortestSingle(value))
}

/** The double with the fewest digits that rounds to the same float32. */
function shortestSingle(value: number): number {
  const single = Math.fround(value)
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(single.toPrecision(digits))
    if (Math.fround(candidate) === single) return candidate
  }
  return single
}

function pythonRepr(value: number): string {
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0')
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`
  }
  const negative = mantissa.startsWith('-')
  const digits = mantissa.replace(/[-.]/g, '')
  const plain =
    exponent < 0
      ? `0.${'0'.repeat(-exponent - 1)}${digits}`
      : digits.length > exponent + 1
        ? `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
        : `${digits.padEnd(exponent + 1, '0')}.0`
  return negative ? `-${plain}` : plain
}
