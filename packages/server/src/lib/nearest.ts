/** Which known word somebody probably meant. Owns only the comparison; knows nothing of what the words name. */

/** How many single-letter insertions, removals or replacements turn one word into the other. */
export const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let line = 1; line <= from.length; line++) {
    const next = [line]
    for (let column = 1; column <= to.length; column++) {
      const replaced = row[column - 1]! + (from[line - 1] === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}

/** The known word nearest to `word`, or undefined when none is near enough to be what was meant. */
export const nearest = (word: string, known: Iterable<string>): string | undefined => {
  let best: string | undefined
  let least = Math.ceil(word.length / 3) + 1
  for (const candidate of known) {
    const steps = distance(word, candidate)
    if (steps < least) {
      best = candidate
      least = steps
    }
  }
  return best
}
