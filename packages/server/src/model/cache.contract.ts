/** What every cache must do; an implementation's test is one call of this. */
import { afterAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { FakeClock } from '../lib/fake-clock.ts'
import type { Cache } from './cache.ts'

export type CacheHost = {
  readonly clock: FakeClock
  /** A cache, not started, over what the last one left when it was closed. */
  next(): Promise<Cache>
  close(): Promise<void>
}

class CacheWorld {
  readonly host: CacheHost
  cache: Cache
  #stop: () => Promise<void>

  private constructor(host: CacheHost, cache: Cache, stop: () => Promise<void>) {
    this.host = host
    this.cache = cache
    this.#stop = stop
  }

  static async open(make: () => Promise<CacheHost>): Promise<CacheWorld> {
    const host = await make()
    const cache = await host.next()
    return new CacheWorld(host, cache, await cache.start())
  }

  get clinic() {
    return this.cache.of('clinic')
  }

  async restart(): Promise<void> {
    await this.#stop()
    this.cache = await this.host.next()
    this.#stop = await this.cache.start()
  }

  async stop(): Promise<void> {
    await this.#stop()
    this.#stop = async () => {}
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    await this.host.close()
  }
}

type Case = (name: string, play: (world: CacheWorld) => Promise<void>) => void

export const describeCache = (name: string, make: () => Promise<CacheHost>): void => {
  describe(`cache contract: ${name}`, () => {
    let ran = 0
    const play: Case = (title, run) =>
      test(title, async () => {
        await using world = await CacheWorld.open(make)
        await run(world)
        ran++
      })
    describeValues(play)
    describeCounters(play)
    describeEnd(play)
    afterAll(() => console.log(`cache contract: ${name}: ${ran} cases passed`))
  })
}

const describeValues = (play: Case): void => {
  play('a value is what was set, until it is deleted', async ({ clinic }) => {
    expect(await clinic.get('k')).toBeUndefined()
    for (const value of [null, false, 0, '', 'ä\u0000', [1, [2]], { a: { b: null } }]) {
      await clinic.set('k', value)
      expect(await clinic.get('k')).toEqual(value)
    }
    expect(await clinic.delete('k')).toBe(true)
    expect(await clinic.delete('k')).toBe(false)
    expect(await clinic.get('k')).toBeUndefined()
  })

  play('what is read is a copy', async ({ clinic }) => {
    const value = { beds: [1] }
    await clinic.set('k', value)
    value.beds.push(2)
    const read = (await clinic.get('k')) as { beds: number[] }
    read.beds.push(3)
    expect(await clinic.get('k')).toEqual({ beds: [1] })
  })

  play('a value is seen at once by whoever asks next, before the write is acknowledged', async ({ clinic }) => {
    const writing = clinic.set('k', 1)
    expect(await clinic.get('k')).toBe(1)
    await writing
  })

  play('a value expires; setting it again begins anew', async ({ clinic, host }) => {
    await clinic.set('k', 1, { ttlMs: 1_000 })
    await host.clock.advance(999)
    expect(await clinic.get('k')).toBe(1)
    await host.clock.advance(1)
    expect(await clinic.get('k')).toBeUndefined()
    expect(await clinic.delete('k')).toBe(false)
    await clinic.set('k', 2, { ttlMs: 1_000 })
    await clinic.set('k', 3)
    await host.clock.advance(5_000)
    expect(await clinic.get('k')).toBe(3)
  })

  play('tenants do not see each other', async (world) => {
    const [a, b] = [world.cache.of('a'), world.cache.of('b')]
    await a.set('k', 'of a')
    await b.increment('n', 5)
    expect(await b.get('k')).toBeUndefined()
    expect(await a.count('n')).toBe(0)
    expect(await b.delete('k')).toBe(false)
    expect(await a.get('k')).toBe('of a')
  })

  play('no pair of tenant and key meets another', async (world) => {
    const part = fc.stringMatching(/^[ab:|]{1,4}$/)
    await fc.assert(
      fc.asyncProperty(part, part, part, part, async (tenant, key, otherTenant, otherKey) => {
        fc.pre(tenant !== otherTenant || key !== otherKey)
        await world.cache.of(otherTenant).delete(otherKey)
        await world.cache.of(tenant).set(key, 'mine')
        expect(await world.cache.of(otherTenant).get(otherKey)).toBeUndefined()
      }),
      { numRuns: 50 },
    )
  })

  play('a key has 1 to 512 bytes', async ({ clinic }) => {
    for (const key of ['', 'x'.repeat(513), 'ä'.repeat(257)]) {
      await expect(clinic.set(key, 1)).rejects.toMatchObject({ code: 'bad_name' })
    }
    await clinic.set('__proto__', 1)
    expect(await clinic.get('__proto__')).toBe(1)
    expect(await clinic.get('constructor')).toBeUndefined()
  })
}

const describeCounters = (play: Case): void => {
  play('a counter adds up, and none is lost', async ({ clinic }) => {
    expect(await clinic.count('n')).toBe(0)
    const sums = await Promise.all(Array.from({ length: 100 }, () => clinic.increment('n')))
    expect(sums.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    expect(await clinic.increment('n', -30)).toBe(70)
    expect(await clinic.count('n')).toBe(70)
    expect(await clinic.get('n')).toBe(70)
    expect(await clinic.delete('n')).toBe(true)
    expect(await clinic.increment('n', 2)).toBe(2)
  })

  play('a counter expires so long after its first increment', async ({ clinic, host }) => {
    await clinic.increment('n', 1, { ttlMs: 1_000 })
    await host.clock.advance(600)
    expect(await clinic.increment('n', 1, { ttlMs: 1_000 })).toBe(2)
    await host.clock.advance(400)
    expect(await clinic.count('n')).toBe(0)
    expect(await clinic.increment('n', 1, { ttlMs: 1_000 })).toBe(1)
  })

  play('what is no number cannot be counted', async ({ clinic }) => {
    await clinic.set('k', 'text')
    await expect(clinic.increment('k')).rejects.toMatchObject({ code: 'invalid_payload' })
    await expect(clinic.count('k')).rejects.toMatchObject({ code: 'invalid_payload' })
    expect(await clinic.get('k')).toBe('text')
  })
}

const describeEnd = (play: Case): void => {
  play('values, counters and their expiry outlive the process', async (world) => {
    await world.clinic.set('kept', { a: 1 })
    await world.clinic.set('short', 1, { ttlMs: 1_000 })
    await world.clinic.increment('n', 41)
    await world.clinic.set('gone', 1)
    await world.clinic.delete('gone')
    await world.restart()
    expect(await world.clinic.get('kept')).toEqual({ a: 1 })
    expect(await world.clinic.get('gone')).toBeUndefined()
    expect(await world.clinic.increment('n')).toBe(42)
    expect(await world.clinic.get('short')).toBe(1)
    await world.host.clock.advance(1_000)
    expect(await world.clinic.get('short')).toBeUndefined()
    await world.restart()
    expect(await world.clinic.get('short')).toBeUndefined()
  })

  play('more values than memory holds are all there', async ({ clinic }) => {
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}`)
    await Promise.all(keys.map((key, index) => clinic.set(key, index)))
    for (const [index, key] of keys.entries()) expect(await clinic.get(key)).toBe(index)
  })

  play('a cache that has stopped refuses, and what it had accepted stands', async (world) => {
    const writing = world.clinic.set('k', 1)
    await world.stop()
    await writing
    await expect(world.clinic.get('k')).rejects.toMatchObject({ code: 'unavailable' })
  })
}
