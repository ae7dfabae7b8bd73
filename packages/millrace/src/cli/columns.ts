/** In characters. */
const WIDTH = 100

/**
 * Two columns of text; the second is wrapped.
 *
 * @param indent - of the first column, in characters.
 * @param width - of the first column; what is wider has the second begin on the next line.
 */
export function columns(rows: readonly (readonly [left: string, right: string])[], indent: number, width: number): string {
  const margin = ' '.repeat(indent + width + 2)
  return rows
    .map(([left, right]) => {
      const lines = wrap(right, WIDTH - margin.length)
      const head = ' '.repeat(indent) + left
      const fits = left.length <= width
      const first = fits ? `${head.padEnd(margin.length)}${lines.shift() ?? ''}` : head
      return [first.trimEnd(), ...lines.map((line) => margin + line)].join('\n') + '\n'
    })
    .join('')
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
