import { expect, test } from 'bun:test'
import { defineApp } from '@fanfare/server'
import { startWorld } from '@fanfare/testkit'
import { z } from 'zod'

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
