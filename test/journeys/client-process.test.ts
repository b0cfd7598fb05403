/** The typed client while its server is killed as by a power cut, and started again where it was. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { createClient } from '@fanfare/client'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import type { clinic } from '../support/clinic.ts'
import { eventually, Listening, until } from './clients/listening.ts'
import { environment, tokenFor } from './clients/signing.ts'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const clientOf = async (server: ServerProcess, userId: string, surroundings = {}) =>
  createClient<typeof clinic>({
    url: server.url,
    token: await tokenFor('acme', userId),
    reconnect: { minMs: 10, maxMs: 100 },
    surroundings,
  })

test.each([
  ['WebSocket', {}],
  ['event stream', { WebSocket: undefined }],
])(
  'over a %s: kill -9 and a restart lose nothing of a durable room, repeat nothing, and are one gap each in memory',
  async (_, surroundings) => {
    await using server = await startServerProcess({ app, environment })
    await using ann = await clientOf(server, 'ann', surroundings)
    await using bob = await clientOf(server, 'bob', surroundings)
    const [ward, corridor] = [bob.room('ward:1'), bob.room('corridor:1')]
    const [kept, lost] = [new Listening(ward), new Listening(corridor)]
    await Promise.all([ward.subscribed, corridor.subscribed])
    await ann.room('corridor:1').publish('counted', { n: 1 })
    await lost.hears(1)

    const published = numbers(1, 150).map((n) => ann.room('ward:1').publish('counted', { n }))
    for (const [index, killAfter] of [20, 60, 100].entries()) {
      await published[killAfter]
      await server.kill()
      await server.start()
      await eventually(() => lost.gaps.length > index)
    }
    const results = await Promise.all(published)
    expect(results.map(({ offset }) => offset)).toEqual(numbers(1, 150))
    await kept.hears(150)
    expect(kept.numbers).toEqual(numbers(1, 150))
    expect(kept.gaps).toEqual([])

    await ann.room('corridor:1').publish('counted', { n: 2 })
    await eventually(() => lost.numbers.includes(2))
    expect(lost.numbers).toEqual([1, 2])
    expect(lost.gaps.map(({ reason }) => reason)).toEqual(['epoch', 'epoch', 'epoch'])
    expect(lost.gaps[0]).toMatchObject({ from: { offset: 1 }, to: { offset: 0 } })
  },
  60_000,
)

test('a client that starts before its server finds it when it comes', async () => {
  await using server = await startServerProcess({ app, environment })
  await server.kill()
  await using ann = await clientOf(server, 'ann')
  const ward = ann.room('ward:1')
  const listening = new Listening(ward)
  const published = ward.publish('message.created', { text: 'said into the dark' })
  await until(ann.state, ({ status }) => status === 'reconnecting')
  await server.start()
  expect(await published).toMatchObject({ offset: 1, durability: 'disk' })
  await until(ward.state, ({ status }) => status === 'subscribed')
  const page = await ward.history()
  expect(page.events.map(({ data }) => data)).toEqual([{ text: 'said into the dark' }])
  expect(listening.gaps).toEqual([])
})
