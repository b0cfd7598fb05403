/** An end to waiting: what a server lost must fail a round, not hang it. */
export const within = async <Value>(ms: number, work: Promise<Value>, why: () => string): Promise<Value> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(why())), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The same for work that may take any time as long as it moves: it fails once `moved` stood still for so long. */
export const whileMoving = async <Value>(
  ms: number,
  work: Promise<Value>,
  { moved, why }: { readonly moved: () => number; readonly why: () => string },
): Promise<Value> => {
  let timer: ReturnType<typeof setInterval> | undefined
  let before = moved()
  const still = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const now = moved()
      if (now === before) reject(new Error(why()))
      before = now
    }, ms)
  })
  try {
    return await Promise.race([work, still])
  } finally {
    clearInterval(timer)
  }
}
