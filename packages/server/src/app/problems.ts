/** Gathers everything that is wrong with a description, so that its author sees it all at once. */

export type Problems = {
  /** Runs a check; what it throws becomes a problem at this place (an AggregateError one for each), and the result undefined. */
  at<Result>(place: string, check: () => Result): Result | undefined
  add(place: string, problem: string): void
  /** @throws Error with every problem, a line each */
  throwIfAny(): void
}

export const createProblems = (): Problems => {
  const found: string[] = []
  const add = (place: string, problem: string): void => {
    found.push(`  ${place}: ${problem}`)
  }
  return {
    add,
    at(place, check) {
      try {
        return check()
      } catch (error) {
        for (const one of error instanceof AggregateError ? error.errors : [error]) {
          add(place, one instanceof Error ? one.message : String(one))
        }
        return undefined
      }
    },
    throwIfAny() {
      if (found.length === 0) return
      const count = found.length === 1 ? 'a mistake' : `${found.length} mistakes`
      throw new Error(`The application's description has ${count}:\n${found.join('\n')}`)
    },
  }
}

const namePattern = /^[A-Za-z][A-Za-z0-9._:-]{0,127}$/

/** @throws Error */
export const checkVerbName = (name: string): void => {
  if (namePattern.test(name)) return
  throw new Error('a name is 1 to 128 of A-Z a-z 0-9 . _ : - and begins with a letter.')
}
