/** A promise that is settled from outside. */
export type Deferred<T> = {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export const deferred = <T = void>(): Deferred<T> => Promise.withResolvers<T>()
