/** Who may use a connection when: one asker at a time for each, the first come first, and no more connections than a bound. */
export class Connections<Connection> {
  readonly #open: () => Connection
  readonly #most: number
  readonly #all: Connection[] = []
  readonly #free: Connection[] = []
  readonly #waiting: ((connection: Connection) => void)[] = []

  constructor(options: { readonly open: () => Connection; readonly most: number }) {
    this.#open = options.open
    this.#most = options.most
  }

  get all(): readonly Connection[] {
    return this.#all
  }

  get waiting(): number {
    return this.#waiting.length
  }

  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.#take() ?? (await new Promise<Connection>((resolve) => this.#waiting.push(resolve)))
    try {
      return await work(connection)
    } finally {
      const next = this.#waiting.shift()
      if (next) next(connection)
      else this.#free.push(connection)
    }
  }

  /** @throws whatever opening one throws */
  #take(): Connection | undefined {
    const free = this.#free.pop()
    if (free !== undefined || this.#all.length >= this.#most) return free
    const opened = this.#open()
    this.#all.push(opened)
    return opened
  }
}
