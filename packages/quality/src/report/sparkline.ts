const bars = '▁▂▃▄▅▆▇█'

/** `▁▃▅█`: the last values of a series between their least and greatest. Equal values are in the middle. */
export function sparkline(values: readonly number[], width = 12): string {
  const last = values.slice(-width)
  const [low, high] = [Math.min(...last), Math.max(...last)]
  return last
    .map((value) => bars[high === low ? 3 : Math.round(((value - low) / (high - low)) * (bars.length - 1))])
    .join('')
}

/** The same as a picture, for HTML: a line, and a dot at its end. */
export function sparklineSvg(values: readonly number[], width = 96, height = 20): string {
  if (values.length === 0) return ''
  const last = values.slice(-32)
  const [low, high] = [Math.min(...last), Math.max(...last)]
  const x = (i: number) => (last.length === 1 ? width / 2 : 2 + (i * (width - 4)) / (last.length - 1))
  const y = (value: number) => (high === low ? height / 2 : height - 2 - ((value - low) / (high - low)) * (height - 4))
  const points = last.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`)
  const [cx, cy] = points.at(-1)!.split(',')
  return (
    `<svg class="trend" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${low} to ${high}">` +
    `<polyline fill="none" stroke="currentColor" points="${points.join(' ')}"/><circle cx="${cx}" cy="${cy}" r="2"/></svg>`
  )
}
