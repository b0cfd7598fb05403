import { expect, test } from 'bun:test'
import type { PublishResult } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { z } from 'zod'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

const events = { counted: z.object({ n: z.number() }) }
/** Every other answer comes at once, and every other one a turn of the loop later. */
let asked = 0
const sometimesSlow = (): boolean | Promise<boolean> =>
  asked++ % 2 === 0 ? true : new Promise((resolve) => setImmediate(() => resolve(true)))

const rooms = {
  'quick:{name}': { events, access: 'tenant', publish: 'tenant', log: { keep: 1_000, for: '1h' } },
  'mixed:{name}': { events, access: 'tenant', publish: sometimesSlow, log: { keep: 1_000, for: '1h' } },
  'durable:{name}': {
    events,
    access: 'tenant',
    publish: sometimesSlow,
    log: { keep: 1_000, for: '1h', durable: true },
  },
  'nobody:{name}': { events, access: 'tenant', log: { keep: 1_000, for: '1h' } },
} as const

const many = 1_000_000
const limits = { framesPerSecond: many, framesBurst: many, framesPerSecondPerUser: many }

for (const kind of ['quick', 'mixed', 'durable']) {
  test(`what one connection publishes without awaiting is appended in its order: ${kind} rooms`, async () => {
    await using world = await startWorld({ app: defineApp({ rooms }), config: { limits } })
    const ann = await world.person('ann')
    const said = Array.from({ length: 60 }, (_, n) => ann.says(`${kind}:1`, 'counted', { n }))
    expect((await Promise.all(said)).map(({ offset }) => offset)).toEqual(said.map((_, n) => n + 1))
    const bob = await world.person('bob')
    await bob.joins(`${kind}:1`, 'earliest')
    for (const n of said.keys()) expect((await bob.hears('counted')).data).toEqual({ n })
  })
}

test('a publish that is refused at once answers in its turn, and those around it are appended', async () => {
  await using world = await startWorld({ app: defineApp({ rooms }), config: { limits } })
  const ann = await world.person('ann')
  const answers: string[] = []
  const note = (name: string, answer: Promise<unknown>) =>
    answer.then(
      () => answers.push(name),
      ({ code }: { code: string }) => answers.push(`${name}: ${code}`),
    )
  await Promise.all([
    note('first', ann.says('quick:1', 'counted', { n: 1 })),
    note('forbidden', ann.says('nobody:1', 'counted', { n: 2 })),
    note('invalid', ann.says('quick:1', 'counted', { n: 'three' })),
    note('last', ann.says('quick:1', 'counted', { n: 4 })),
  ])
  expect(answers).toEqual(['first', 'forbidden: forbidden', 'invalid: invalid_payload', 'last'])
})

const places = ['one node', 'Redis'] as const

test.each(places)(
  'two tenants of the same names, rooms of every kind and keys that repeat in flight keep their order and stay apart: %s',
  async (place) => {
    await using redis = place === 'Redis' ? await startRedis() : undefined
    const config = { limits: { ...limits, inboxMessages: 1_000 }, ...(redis ? { redisUrl: redis.url } : {}) }
    await using world = await startWorld({ app: defineApp({ rooms }), config })
    const tenants = ['acme', 'acme.eu'] as const
    const anns = await Promise.all(tenants.map((tenantId) => world.person('ann', { tenantId })))
    const kinds = ['quick', 'mixed', 'durable'] as const
    const said: Promise<PublishResult>[] = []
    // Each publish is said again at once, and once more behind the next one of another tenant and room.
    for (let n = 0; n < 30; n++) {
      for (const kind of kinds) {
        for (const times of [1, 2]) {
          for (const ann of anns) said.push(ann.says(`${kind}:1`, 'counted', { n }, `${kind} ${n}`))
          if (times === 1) for (const ann of anns) said.push(ann.says('nobody:1', 'counted', { n }))
        }
      }
    }
    const answers = await Promise.allSettled(said)
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(2 * 30 * kinds.length)
    const firsts = answers.flatMap((answer) => (answer.status === 'fulfilled' && !answer.value.duplicate ? [1] : []))
    expect(firsts).toHaveLength(2 * 30 * kinds.length)
    for (const ann of anns) {
      for (const kind of kinds) {
        const { events } = await ann.reads(`${kind}:1`)
        expect(events.map(({ data, offset }) => ({ data, offset }))).toEqual(
          Array.from({ length: 30 }, (_, n) => ({ data: { n }, offset: n + 1 })),
        )
      }
    }
    const ids = await Promise.all(anns.map(async (ann) => (await ann.reads('quick:1')).events.map(({ id }) => id)))
    expect(new Set(ids.flat()).size).toBe(60)
  },
)
