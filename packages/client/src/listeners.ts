/** Who wants to hear: a set of listeners, and a value that can be watched. One listener's exception never reaches another. */

/** Calling it again does nothing. */
export type Stop = () => void

export class Listeners<Value> {
  /** Each registration is its own object, so the same function added twice is called twice and removed once. */
  readonly #registered = new Set<{ readonly listener: (value: Value) => void }>()
  readonly #report: (error: unknown) => void

  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  get size(): number {
    return this.#registered.size
  }

  add(listener: (value: Value) => void): Stop {
    const registration = { listener }
    this.#registered.add(registration)
    return () => {
      this.#registered.delete(registration)
    }
  }

  emit(value: Value): void {
    for (const registration of [...this.#registered]) {
      // One that was removed by an earlier listener of this very value no longer wants it.
      if (!this.#registered.has(registration)) continue
      try {
        registration.listener(value)
      } catch (error) {
        this.#report(error)
      }
    }
  }

  clear(): void {
    this.#registered.clear()
  }
}

/** A value to watch, in the shape that `useSyncExternalStore` takes: the snapshot is the same object until it changes. */
export type Store<Value> = {
  /** Called after each change; returns the function that ends it. */
  readonly subscribe: (listener: () => void) => Stop
  readonly getSnapshot: () => Value
}

export class Watched<Value> implements Store<Value> {
  #value: Value
  readonly #listeners: Listeners<void>

  constructor(value: Value, report: (error: unknown) => void) {
    this.#value = value
    this.#listeners = new Listeners(report)
  }

  readonly subscribe = (listener: () => void): Stop => this.#listeners.add(listener)
  readonly getSnapshot = (): Value => this.#value

  set(value: Value): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    this.#listeners.emit()
  }

  clear(): void {
    this.#listeners.clear()
  }
}
