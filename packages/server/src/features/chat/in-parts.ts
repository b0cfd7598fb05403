/** A list that may be long, some at a time: databases bound how many values one statement may carry. */

export const inParts = async <Value, T>(
  values: readonly Value[],
  atOnce: number,
  read: (some: readonly Value[]) => Promise<readonly T[]>,
): Promise<readonly T[]> => {
  const found: T[] = []
  for (let begin = 0; begin < values.length; begin += atOnce) {
    found.push(...(await read(values.slice(begin, begin + atOnce))))
  }
  return found
}
