/** Rows as an aligned text table: a header, a rule, the rows; numbers to the right. */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: readonly boolean[] = [],
): string {
  const widths = header.map((name, i) => Math.max(width(name), ...rows.map((row) => width(row[i] ?? ''))))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const padding = ' '.repeat(Math.max(0, widths[i]! - width(cell)))
        return rightAligned[i] === true ? padding + cell : cell + padding
      })
      .join('  ')
      .trimEnd()
  return [line(header), widths.map((n) => '─'.repeat(n)).join('  '), ...rows.map(line)].join('\n')
}

/** Columns that a text takes on a terminal: wide East Asian characters take two, marks none. */
function width(text: string): number {
  let columns = 0
  for (const character of text) {
    const code = character.codePointAt(0)!
    if (/\p{Mark}/u.test(character)) continue
    columns +=
      code >= 0x1100 &&
      /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uff00-\uff60]/u.test(character)
        ? 2
        : 1
  }
  return columns
}
