/** What every place for tickets must do; an implementation's test is one call of this. */
import { afterAll, describe, expect, test } from 'bun:test'
import type { FakeClock } from '../lib/fake-clock.ts'
import type { StoredTicket, TicketStore } from './tickets.ts'

export type TicketHost = {
  readonly clock: FakeClock
  /** As a node has it; two of them share what is stored, where nodes do. */
  next(): Promise<TicketStore>
  close(): Promise<void>
}

export type TicketPlay = { readonly perUser: number }

const lifeMs = 30_000

export const describeTickets = (name: string, make: (play: TicketPlay) => Promise<TicketHost>): void => {
  describe(`ticket store contract: ${name}`, () => {
    let ran = 0
    const play = (title: string, run: (host: TicketHost) => Promise<void>) =>
      test(title, async () => {
        const host = await make({ perUser: 3 })
        try {
          await run(host)
          ran++
        } finally {
          await host.close()
        }
      })
    const ticketOf = ({ clock }: TicketHost, userId: string, origin?: string): StoredTicket => ({
      identity: {
        tenantId: 'acme',
        userId,
        roles: ['nurse'],
        grants: ['read:patient:*'],
        claims: { name: 'Ünal' },
        expiresAt: clock.now() + 3_600_000,
      },
      origin,
      issuedAt: clock.now(),
      expiresAt: clock.now() + lifeMs,
    })

    play('a ticket is taken whole, and once, by whichever node is asked', async (host) => {
      const [one, other] = [await host.next(), await host.next()]
      const [bound, free] = [ticketOf(host, 'ann', 'https://app.example'), ticketOf(host, 'bob')]
      await one.put('h1', bound)
      await one.put('h2', free)
      expect(await other.take('h1')).toEqual(bound)
      expect(await one.take('h1')).toBeUndefined()
      expect(await one.take('h2')).toEqual(free)
      expect(await other.take('h3')).toBeUndefined()
    })

    play('of many who take one ticket at once, one gets it', async (host) => {
      const nodes = [await host.next(), await host.next()]
      for (let round = 0; round < 20; round++) {
        await nodes[0]!.put(`h${round}`, ticketOf(host, 'ann'))
        const taken = await Promise.all(Array.from({ length: 50 }, (_, index) => nodes[index % 2]!.take(`h${round}`)))
        expect(taken.filter((ticket) => ticket !== undefined)).toHaveLength(1)
      }
    })

    play('a ticket is over when its time is', async (host) => {
      const store = await host.next()
      await store.put('h1', ticketOf(host, 'ann'))
      await store.put('h2', ticketOf(host, 'ann'))
      await host.clock.advance(lifeMs - 1)
      expect(await store.take('h1')).toBeDefined()
      await host.clock.advance(1)
      expect(await store.take('h2')).toBeUndefined()
    })

    play(
      'a user has so many that wait, on all nodes together, and each that is used or over makes room',
      async (host) => {
        const [one, other] = [await host.next(), await host.next()]
        for (const hash of ['h1', 'h2', 'h3']) await one.put(hash, ticketOf(host, 'ann'))
        await expect(other.put('h4', ticketOf(host, 'ann'))).rejects.toMatchObject({
          code: 'rate_limited',
          retryAfterMs: lifeMs,
        })
        await other.put('h5', ticketOf(host, 'bob'))
        await one.take('h1')
        await other.put('h6', ticketOf(host, 'ann'))
        await expect(one.put('h7', ticketOf(host, 'ann'))).rejects.toMatchObject({ code: 'rate_limited' })
        await host.clock.advance(lifeMs)
        for (const hash of ['h8', 'h9', 'h10']) await one.put(hash, ticketOf(host, 'ann'))
      },
    )
    afterAll(() => console.log(`ticket store contract: ${name}: ${ran} cases passed`))
  })
}
