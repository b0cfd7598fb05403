/** What is often there at once and sometimes later: whoever asks looks, and pays for a promise only where there is one. */
export type Soon<T> = T | Promise<T>

/** Goes on with the value as soon as it is there: in this call when it already is, and throws then what `next` throws. */
export const soon = <T, Next>(value: Soon<T>, next: (value: T) => Soon<Next>): Soon<Next> =>
  value instanceof Promise ? value.then(next) : next(value)
