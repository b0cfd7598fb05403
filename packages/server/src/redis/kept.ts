/** A connection that comes back by itself. Owns when to try again and who waits for it; never what is said on it. */
import type { Clock } from '../lib/clock.ts'
import { type Deferred, deferred } from '../lib/deferred.ts'
import type { Log } from '../lib/log.ts'
import { type Connection, NotSent } from './connection.ts'

export type KeptOptions = {
  /** Opens one and makes it fit for use. */
  readonly open: () => Promise<Connection>
  readonly clock: Clock
  readonly log: Log
  /** For the log: what it is for, and where. */
  readonly about: { readonly [name: string]: string }
  readonly onOpen?: (connection: Connection) => void
  /** It ended, or could not be opened. */
  readonly onTrouble?: (reason: string) => void
}

/** Tries again after 10 to 20 ms, then twice as long each time, up to half a second. */
const backoff = (tries: number): number => Math.min(500, 20 * 2 ** tries) * (0.5 + Math.random() / 2)
/** Away for longer than this, nobody is made to wait for it. */
const hopelessMs = 3_000
/** One that lives shorter than this counts as one more failed try. */
const settledMs = 1_000
const quietMs = 30_000

export class Kept {
  readonly #options: KeptOptions
  #current: Connection | undefined
  #up: Deferred<Connection> = deferred()
  #awaySince: number
  readonly #closing = deferred()
  #closed = false
  #loop: Promise<void> | undefined
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(options: KeptOptions) {
    this.#options = options
    this.#awaySince = options.clock.now()
  }

  get current(): Connection | undefined {
    return this.#current?.open === true ? this.#current : undefined
  }

  start(): void {
    this.#loop ??= this.#keep()
  }

  /** @throws NotSent when there is none within so many ms, or at once when it has long been away */
  async ready(withinMs: number): Promise<Connection> {
    const { clock, about } = this.#options
    if (this.current !== undefined) return this.current
    const hopeless = this.#current === undefined && clock.now() - this.#awaySince > hopelessMs
    const away = new NotSent(`${about.address} is away`, { hopeless })
    if (this.#closed || hopeless || withinMs <= 0) throw away
    const over = deferred<never>()
    const timer = clock.after(withinMs, () => over.reject(away))
    try {
      return await Promise.race([this.#up.promise, over.promise])
    } finally {
      timer.cancel()
    }
  }

  /** Ends the present one once what was sent on it is answered; what comes now is for the next. */
  renew(reason: string): void {
    this.#current?.retire(reason)
    this.#gone()
  }

  /** Whoever waits is refused at once; what was sent is answered first. */
  async close(): Promise<void> {
    this.#closed = true
    this.#closing.resolve()
    this.#current?.retire('closed')
    this.#up.promise.catch(() => {})
    this.#up.reject(new NotSent('Redis was closed'))
    await this.#loop
  }

  async #keep(): Promise<void> {
    const { clock, open, onOpen, onTrouble } = this.#options
    for (let tries = 0; !this.#closed; tries++) {
      let reason: string
      try {
        const connection = await open()
        if (this.#closed) connection.destroy('closed')
        else this.#opened(connection)
        const since = clock.now()
        onOpen?.(connection)
        reason = await connection.ended
        if (clock.now() - since > settledMs) tries = 0
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
      }
      if (this.#closed) return
      this.#lost(reason)
      onTrouble?.(reason)
      await this.#pause(backoff(tries))
    }
  }

  #opened(connection: Connection): void {
    const { log, about } = this.#options
    this.#current = connection
    this.#up.resolve(connection)
    this.#toldAt = Number.NEGATIVE_INFINITY
    log.info({ ...about }, 'connected to Redis')
  }

  #lost(reason: string): void {
    const { clock, log, about } = this.#options
    this.#gone()
    if (clock.now() - this.#toldAt < quietMs) return
    this.#toldAt = clock.now()
    log.warn({ ...about, reason }, 'no connection to Redis; trying again')
  }

  #gone(): void {
    if (this.#current === undefined) return
    this.#current = undefined
    this.#up = deferred()
    this.#awaySince = this.#options.clock.now()
  }

  async #pause(ms: number): Promise<void> {
    const over = deferred()
    const timer = this.#options.clock.after(ms, over.resolve)
    await Promise.race([over.promise, this.#closing.promise])
    timer.cancel()
  }
}
