/** Hears PostgreSQL's NOTIFY on a connection of its own, which comes back by itself. What was said meanwhile is lost, so all are told to look. */
import { Client } from 'pg'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { within } from '../../lib/within.ts'
import { describeDatabase } from './address.ts'

export type ListenerOptions = {
  readonly url: string
  readonly connectMs: number
  readonly clock: Clock
  readonly log: Log
}

const againMs = 2_000
const endMs = 1_000
/** A connection that stands still says nothing, and does not end. */
const aliveMs = 15_000

export class Listener {
  readonly #options: ListenerOptions
  readonly #hear = new Map<string, Set<() => void>>()
  #client: Client | undefined
  #retry: Timer | undefined
  #alive: Timer | undefined
  #state: 'idle' | 'open' | 'closed' = 'idle'

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  /** The result ends it. */
  listen(name: string, hear: () => void): () => void {
    const known = this.#hear.get(name) ?? new Set()
    this.#hear.set(name, known)
    known.add(hear)
    if (this.#state === 'idle') {
      this.#state = 'open'
      void this.#connect()
    } else if (this.#client) void this.#say(this.#client, name)
    return () => void known.delete(hear)
  }

  async #connect(): Promise<void> {
    const { url, connectMs, log } = this.#options
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: connectMs,
      query_timeout: connectMs,
      keepAlive: true,
      application_name: 'fanfare-listen',
    })
    client.on('error', (error) => {
      log.debug({ error, where: describeDatabase(url) }, 'the connection that listens to PostgreSQL ended')
      this.#lost(client)
    })
    client.on('end', () => this.#lost(client))
    client.on('notification', () => this.#tellAll())
    this.#client = client
    try {
      await client.connect()
      for (const name of this.#hear.keys()) await client.query(`LISTEN ${client.escapeIdentifier(name)}`)
      this.#alive = this.#options.clock.every(aliveMs, () => void this.#check(client))
      this.#tellAll()
    } catch (error) {
      log.debug({ error, where: describeDatabase(url) }, 'PostgreSQL cannot be listened to')
      this.#lost(client)
    }
  }

  async #check(client: Client): Promise<void> {
    try {
      await client.query('SELECT 1')
    } catch {
      this.#lost(client)
    }
  }

  async #say(client: Client, name: string): Promise<void> {
    try {
      await client.query(`LISTEN ${client.escapeIdentifier(name)}`)
    } catch {
      this.#lost(client)
    }
  }

  /** Whoever hears looks for what there is to do, and one look too many does no harm. */
  #tellAll(): void {
    for (const hears of this.#hear.values()) for (const hear of hears) hear()
  }

  /** Once for each connection, whichever of its ends comes first. */
  #lost(client: Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    this.#alive?.cancel()
    void this.#end(client)
    if (this.#state !== 'open') return
    this.#retry = this.#options.clock.after(againMs, () => void this.#connect())
  }

  async #end(client: Client): Promise<void> {
    try {
      // A server that stands still never says that it has heard of the end; the process need not wait for that.
      await within(this.#options.clock, endMs, client.end())
    } catch (error) {
      this.#options.log.debug({ error }, 'a connection that listened did not end well')
    }
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#retry?.cancel()
    this.#alive?.cancel()
    const client = this.#client
    this.#client = undefined
    if (client) await this.#end(client)
  }
}
