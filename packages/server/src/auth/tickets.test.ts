import { expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import type { Identity } from '../model/identity.ts'
import { createTickets, type MemoryTicketOptions, memoryTickets, type StoredTicket } from './tickets.ts'

const world = (options: Partial<MemoryTicketOptions> = {}) => {
  const clock = fakeClock()
  const identity = (userId: string): Identity => ({
    tenantId: 'acme',
    userId,
    roles: [],
    grants: [],
    claims: {},
    expiresAt: clock.now() + 3_600_000,
  })
  const kept = new Map<string, StoredTicket>()
  const store = memoryTickets({ clock, ...options })
  const watched: typeof store = {
    put(hash, ticket) {
      kept.set(hash, ticket)
      return store.put(hash, ticket)
    },
    take: (hash) => store.take(hash),
  }
  return { clock, identity, kept, tickets: createTickets({ store: watched, clock }) }
}
const origin = 'https://app.example.org'
const refused = { code: 'unauthenticated' }

test('a ticket gives its user, once', async () => {
  const { clock, identity, tickets } = world()
  const { ticket, expiresAt } = await tickets.issue(identity('ann'), {})
  expect(expiresAt).toBe(clock.now() + 30_000)
  expect(Buffer.from(ticket, 'base64url')).toHaveLength(16)
  expect((await tickets.redeem(ticket, {})).identity).toEqual(identity('ann'))
  await expect(tickets.redeem(ticket, {})).rejects.toMatchObject(refused)
})

test('of 10,000 who redeem one ticket at once, exactly one succeeds', async () => {
  const { identity, tickets } = world()
  const { ticket } = await tickets.issue(identity('ann'), {})
  const results = await Promise.allSettled(Array.from({ length: 10_000 }, () => tickets.redeem(ticket, {})))
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
})

test('a ticket is good for 30 seconds and not longer', async () => {
  const { clock, identity, tickets } = world()
  const [one, other] = [await tickets.issue(identity('ann'), {}), await tickets.issue(identity('ann'), {})]
  await clock.advance(29_999)
  expect((await tickets.redeem(one.ticket, {})).identity.userId).toBe('ann')
  await clock.advance(1)
  await expect(tickets.redeem(other.ticket, {})).rejects.toMatchObject(refused)
})

test('a ticket of a page is for pages of its origin, and is used up by any other', async () => {
  const { identity, tickets } = world()
  for (const wrong of [{ origin: 'https://evil.example' }, { origin: 'null' }, { origin: `${origin}.evil` }]) {
    const { ticket } = await tickets.issue(identity('ann'), { origin })
    await expect(tickets.redeem(ticket, wrong)).rejects.toMatchObject(refused)
    await expect(tickets.redeem(ticket, { origin })).rejects.toMatchObject(refused)
  }
  const { ticket } = await tickets.issue(identity('ann'), { origin })
  expect((await tickets.redeem(ticket, { origin: 'https://APP.example.org:443' })).identity.userId).toBe('ann')
  const { ticket: forStream } = await tickets.issue(identity('ann'), { origin })
  expect((await tickets.redeem(forStream, {})).identity.userId).toBe('ann')
})

test('a ticket that a server fetched may be used by a page', async () => {
  const { identity, tickets } = world()
  const { ticket } = await tickets.issue(identity('ann'), {})
  expect((await tickets.redeem(ticket, { origin })).identity.userId).toBe('ann')
})

test('a ticket outlives no token', async () => {
  const { clock, identity, tickets } = world()
  const { ticket } = await tickets.issue({ ...identity('ann'), expiresAt: clock.now() + 10_000 }, {})
  await clock.advance(10_000)
  await expect(tickets.redeem(ticket, {})).rejects.toMatchObject({ code: 'token_expired' })
})

test('what is stored cannot be redeemed, nor what is no ticket', async () => {
  const { identity, kept, tickets } = world()
  const { ticket } = await tickets.issue(identity('ann'), {})
  expect(JSON.stringify([...kept])).not.toContain(ticket)
  for (const text of [...kept.keys(), '', 'x'.repeat(22), 'x'.repeat(5_000_000), '__proto__', `${ticket} `]) {
    await expect(tickets.redeem(text, {})).rejects.toMatchObject(refused)
  }
})

test('one user cannot keep others from tickets, and gets new ones when the old are over', async () => {
  const { clock, identity, tickets } = world({ perUser: 3 })
  for (let count = 0; count < 3; count++) await tickets.issue(identity('ann'), {})
  await expect(tickets.issue(identity('ann'), {})).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 30_000 })
  await tickets.issue(identity('bob'), {})
  await clock.advance(30_000)
  const { ticket } = await tickets.issue(identity('ann'), {})
  await tickets.redeem(ticket, {})
  for (let count = 0; count < 3; count++) await tickets.issue(identity('ann'), {})
})

test('the store is bounded, and full only while tickets wait', async () => {
  const { clock, identity, tickets } = world({ capacity: 2 })
  const { ticket } = await tickets.issue(identity('ann'), {})
  await tickets.issue(identity('bob'), {})
  await expect(tickets.issue(identity('eve'), {})).rejects.toMatchObject({ code: 'overloaded' })
  await tickets.redeem(ticket, {})
  await tickets.issue(identity('eve'), {})
  await clock.advance(30_000)
  await tickets.issue(identity('ann'), {})
  await tickets.issue(identity('bob'), {})
})
