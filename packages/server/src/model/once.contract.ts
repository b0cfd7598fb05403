/** What every {@link Once} must do; an implementation's test is one call of this. */
import { afterAll, describe, expect, test } from 'bun:test'
import { deferred } from '../lib/deferred.ts'
import type { FakeClock } from '../lib/fake-clock.ts'
import type { Once } from './once.ts'

export type OnceHost = {
  readonly clock: FakeClock
  /** As a node has it; where nodes share it, each call gives another node's. */
  next(): Promise<Once>
  close(): Promise<void>
}

export type OncePlay = { readonly forMs: number }

export const counting = () => {
  let runs = 0
  return async () => ++runs
}

/** Lets those who wait look again, until the work is done. */
export const patiently = async <T>(clock: FakeClock, work: Promise<T>): Promise<T> => {
  let over = false
  const ended = () => {
    over = true
  }
  work.then(ended, ended)
  for (let turns = 0; !over && turns < 2_000; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    await clock.advance(20)
  }
  return work
}

export const describeOnce = (name: string, make: (play: OncePlay) => Promise<OnceHost>): void => {
  describe(`once contract: ${name}`, () => {
    let ran = 0
    const play = (title: string, run: (host: OnceHost, nodes: readonly [Once, Once]) => Promise<void>) =>
      test(title, async () => {
        const host = await make({ forMs: 60_000 })
        try {
          await run(host, [await host.next(), await host.next()])
          ran++
        } finally {
          await host.close()
        }
      })

    play('O1 the first answer is given again for as long as the window is, on every node', async ({ clock }, nodes) => {
      const [one, other] = nodes
      const work = counting()
      expect(await one.once('acme', 'a', work)).toBe(1)
      expect(await one.once('acme', 'a', work)).toBe(1)
      expect(await other.once('acme', 'a', work)).toBe(1)
      expect(await other.once('acme', 'b', work)).toBe(2)
      await clock.advance(59_999)
      expect(await other.once('acme', 'a', work)).toBe(1)
      await clock.advance(1)
      expect(await other.once('acme', 'a', work)).toBe(3)
    })

    play('O1 any answer is given again as it was', async (_, [one, other]) => {
      for (const [index, answer] of [null, false, '', 'ä|b', [], { a: [1, null] }].entries()) {
        expect(await one.once('acme', `k${index}`, async () => answer)).toEqual(answer)
        const again = other.once('acme', `k${index}`, async () => 'again')
        expect(await again).toEqual(answer)
      }
    })

    play('O1 tenants do not share keys', async (_, [one]) => {
      const work = counting()
      expect(await one.once('a', 'b|c', work)).toBe(1)
      expect(await one.once('a|b', 'c', work)).toBe(2)
    })

    play('O2 of all who ask at once one does it, and all get its answer', async ({ clock }, [one, other]) => {
      const work = counting()
      const answer = deferred<number>()
      const slowly = async () => {
        await answer.promise
        return work()
      }
      const asked = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).once('acme', 'a', slowly))
      await new Promise((resolve) => setTimeout(resolve, 20))
      answer.resolve(1)
      expect(await patiently(clock, Promise.all(asked))).toEqual(Array.from({ length: 20 }, () => 1))
    })

    play('O3 what failed is done again', async (_, [one, other]) => {
      const failing = one.once('acme', 'a', () => Promise.reject(new Error('not now')))
      expect(await failing.catch((error: Error) => error.message)).toBe('not now')
      expect(await other.once('acme', 'a', counting())).toBe(1)
    })

    play('O3 who waited for what failed is told so, or does it', async ({ clock }, [one, other]) => {
      const go = deferred()
      const failing = one.once('acme', 'a', async () => {
        await go.promise
        throw new Error('not now')
      })
      failing.catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 20))
      const waiting = other.once('acme', 'a', async () => 'done')
      const outcome = waiting.catch((error: Error) => error.message)
      go.resolve()
      expect(['done', 'not now']).toContain(String(await patiently(clock, outcome)))
      expect(await one.once('acme', 'a', async () => 'done')).toBe('done')
    })
    afterAll(() => console.log(`once contract: ${name}: ${ran} cases passed`))
  })
}
