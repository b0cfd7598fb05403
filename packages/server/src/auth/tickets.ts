/**
 * Tickets: what a browser puts into an address where it cannot send a token. Good once, for seconds, for one user and one
 * origin. Only hashes are stored, so nobody who sees the store can use what is in it.
 */
import { createHash } from 'node:crypto'
import { defaultLimits, FanfareError } from '@fanfare/protocol'
import type { Clock } from '../lib/clock.ts'
import { secretId } from '../lib/ids.ts'
import type { Identity } from '../model/identity.ts'
import type { Ticket, TicketOptions } from './auth.ts'
import { normaliseOrigin } from './origin.ts'

/** Times in ms since 1970. */
export type StoredTicket = {
  readonly identity: Identity
  readonly origin: string | undefined
  readonly issuedAt: number
  readonly expiresAt: number
}

/** The port for a place that all nodes share. */
export type TicketStore = {
  /** @throws FanfareError `rate_limited` when the user has too many, `overloaded` when it is full, `unavailable` */
  put(hash: string, ticket: StoredTicket): Promise<void>
  /** Removes and returns as one step: of any number of takers, one gets it. Undefined when it is gone or over. @throws FanfareError `unavailable` */
  take(hash: string): Promise<StoredTicket | undefined>
}

export const tooManyTickets = (retryAfterMs: number): FanfareError =>
  new FanfareError('rate_limited', 'The user has too many unused tickets. Use one.', { retryAfterMs })

export type MemoryTicketOptions = {
  readonly clock: Clock
  /** Tickets of one user that may wait, so that one user cannot fill the store. @default 100 */
  readonly perUser?: number
  /** @default 100,000 */
  readonly capacity?: number
}

export const memoryTicketDefaults = { perUser: 100, capacity: 100_000 } as const

/** The embedded store: this process only. A restart voids tickets, which live for seconds anyhow. */
export const memoryTickets = (given: MemoryTicketOptions): TicketStore => {
  const { clock, perUser, capacity } = { ...memoryTicketDefaults, ...given }
  /** Oldest first; they all live equally long, so the first to end is in front. */
  const tickets = new Map<string, StoredTicket>()
  const waiting = new Map<string, number>()
  const ownerOf = ({ identity }: StoredTicket): string => `${identity.tenantId}|${identity.userId}`
  const remove = (hash: string): StoredTicket | undefined => {
    const ticket = tickets.get(hash)
    if (!ticket) return undefined
    tickets.delete(hash)
    const owner = ownerOf(ticket)
    const left = (waiting.get(owner) ?? 0) - 1
    if (left > 0) waiting.set(owner, left)
    else waiting.delete(owner)
    return ticket
  }
  const dropOld = (): void => {
    for (const [hash, ticket] of tickets) {
      if (ticket.expiresAt > clock.now()) return
      remove(hash)
    }
  }
  return {
    async put(hash, ticket) {
      dropOld()
      const owner = ownerOf(ticket)
      const mine = waiting.get(owner) ?? 0
      const retryAfterMs = Math.max(1, ticket.expiresAt - clock.now())
      if (mine >= perUser) {
        throw tooManyTickets(retryAfterMs)
      }
      if (tickets.size >= capacity) {
        throw new FanfareError('overloaded', 'Too many tickets wait to be used. Try again.', { retryAfterMs })
      }
      tickets.set(hash, ticket)
      waiting.set(owner, mine + 1)
    },
    async take(hash) {
      const ticket = remove(hash)
      return ticket && ticket.expiresAt > clock.now() ? ticket : undefined
    },
  }
}

export type TicketRules = {
  readonly store: TicketStore
  readonly clock: Clock
  /** In ms. @default 30,000 */
  readonly lifetimeMs?: number
}

export type Tickets = {
  issue(identity: Identity, options: TicketOptions): Promise<Ticket>
  /** A ticket that is shown from the wrong origin is used up: whoever shows it there has stolen it. @throws FanfareError `unauthenticated`, `token_expired` */
  redeem(ticket: string, options: TicketOptions): Promise<StoredTicket>
}

const shape = /^[A-Za-z0-9_-]{22}$/

export const createTickets = ({ store, clock, lifetimeMs = defaultLimits.ticketMs }: TicketRules): Tickets => ({
  async issue(identity, { origin }) {
    const ticket = secretId()
    const issuedAt = clock.now()
    const expiresAt = issuedAt + lifetimeMs
    const boundTo = origin === undefined ? undefined : (normaliseOrigin(origin) ?? origin)
    await store.put(hash(ticket), { identity, origin: boundTo, issuedAt, expiresAt })
    return { ticket, expiresAt }
  },
  async redeem(ticket, { origin }) {
    const found = shape.test(ticket) ? await store.take(hash(ticket)) : undefined
    if (!found) {
      throw new FanfareError(
        'unauthenticated',
        'The ticket is used, too old or unknown. Get a new one and use it at once.',
      )
    }
    const from = origin === undefined ? undefined : (normaliseOrigin(origin) ?? origin)
    // A browser names no origin when an EventSource asks its own page's server. Nobody else gains by naming none: what is
    // not a browser can name any, and a page of another origin cannot hide its own.
    if (found.origin !== undefined && from !== undefined && found.origin !== from) {
      throw new FanfareError('unauthenticated', 'The ticket was made for a page of another origin. Get a new one here.')
    }
    if (found.identity.expiresAt <= clock.now()) throw new FanfareError('token_expired')
    return found
  },
})

const hash = (ticket: string): string => createHash('sha256').update(ticket).digest('base64url')
