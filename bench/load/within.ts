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
