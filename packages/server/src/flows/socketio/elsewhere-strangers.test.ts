/** Ids that somebody made up, or of sessions that are over: what they cost, and that nobody else pays. */
import { expect, test } from 'bun:test'
import { quotaDefaults } from '../../auth/quotas.ts'
import { idOf } from './engine.world.ts'
import { clientAddress, twoNodes } from './two-nodes.world.ts'

const path = '/socket.io'
const madeUp = (node: string, number: number) => ({ node, path, sid: idOf(node, 1_000_000 + number) })
const large = `4${'x'.repeat(900_000)}`
const { burst, perSecond } = quotaDefaults.seekRate

const open = async () => {
  const world = await twoNodes({ settings: { pingIntervalMs: 600_000 } })
  let last = 0
  /** What so many made-up ids of a node are answered with, one of each kind. */
  const makesUp = async (node: string, times: number, address = clientAddress): Promise<readonly string[]> => {
    const one = async () => {
      try {
        return (await world.away.others.seek(madeUp(node, ++last), address)).kind
      } catch (error) {
        return (error as { readonly code: string }).code
      }
    }
    return Promise.all(Array.from({ length: times }, one))
  }
  return { world, makesUp }
}

const count = (all: readonly string[], wanted: string): number => all.filter((one) => one === wanted).length

test('made-up ids cost their address, whether the node that they name is there or not; others ask on', async () => {
  for (const node of ['nodeAAAA', 'nodeZZZZ']) {
    const { world, makesUp } = await open()
    const answers = await makesUp(node, burst + 500)
    expect([count(answers, 'unknown'), count(answers, 'rate_limited')]).toEqual([burst, 500])
    const told = world.couriers.carried.length
    expect(await makesUp(node, 1)).toEqual(['rate_limited'])
    expect(world.couriers.carried.length).toBe(told)
    expect(await makesUp(node, 1, '192.0.2.2')).toEqual(['unknown'])
    await world.clock.advance(1_000)
    expect(count(await makesUp(node, 500), 'unknown')).toBe(perSecond)
  }
})

test('a client whose session was found is not refused because its address asked for what is not there', async () => {
  const { world, makesUp } = await open()
  const client = world.polling()
  expect(await client.posts('4before')).toBe('taken')
  await makesUp('nodeZZZZ', burst)
  expect(await client.posts('4after')).toBe('taken')
  expect(await client.next()).toBe('4before\x1e4after')
})

test('2,000 clients of one address who are in order pay nothing, 400 at a time with a poll and a post each', async () => {
  const { world, makesUp } = await open()
  for (let round = 0; round < 5; round++) {
    const clients = Array.from({ length: 400 }, () => world.polling())
    const polls = clients.map((client) => client.polls())
    const posted = await Promise.all(clients.map((client) => client.posts('4hello')))
    await Promise.all(polls.map(({ done }) => done))
    expect(new Set(posted)).toEqual(new Set(['taken']))
    expect(new Set(polls.map(({ answer }) => answer))).toEqual(new Set(['4hello']))
  }
  expect(count(await makesUp('nodeZZZZ', burst), 'unknown')).toBe(burst)
})

test('a session is asked for once while it is there, and again when it is over', async () => {
  const { world } = await open()
  const client = world.polling()
  const asked = () => world.couriers.carried.filter(({ text }) => text.includes('"seek"')).length
  for (let round = 0; round < 5; round++) {
    await client.posts('4x')
    await client.next()
  }
  expect(asked()).toBe(1)
  client.heard.link.terminate()
  expect([await client.posts(large), await client.posts(large)]).toEqual(['unknown', 'unknown'])
  expect(asked()).toBe(2)
  expect(world.couriers.carried.filter(({ text }) => text.length > 100_000)).toHaveLength(1)
})

test('a session that has a WebSocket takes no polls, and asking costs as for one that is not there', async () => {
  const { world, makesUp } = await open()
  const { sid } = await world.upgraded()
  const session = { node: world.home.node, path, sid }
  expect((await world.away.others.seek(session, clientAddress)).kind).toBe('refused')
  expect(count(await makesUp('nodeZZZZ', burst), 'unknown')).toBe(burst - 1)
})

test('of many posts at once for one session the body of one is read, and the session ends', async () => {
  const { world } = await open()
  const client = world.polling()
  await client.sought()
  let read = 0
  const { promise: body, resolve } = Promise.withResolvers<string>()
  const posts = Array.from({ length: 50 }, () =>
    world.away.others.post(client.session, () => {
      read++
      return body
    }),
  )
  await world.settles()
  const before = world.couriers.carried.filter(({ text }) => text.includes('"refuse"')).length
  resolve('4late')
  const answers = (await Promise.all(posts)).map(({ kind }) => kind)
  expect([read, before, client.heard.messages, client.heard.ends]).toEqual([1, 1, [], ['transport error']])
  expect([answers[0], count(answers, 'refused')]).toEqual(['unknown', 49])
})

test('a WebSocket that sends more than a probe before its session answered is cut off, and no more of it is carried', async () => {
  const { world } = await open()
  const link = await world.probes(world.polling().socket.id)
  const told = world.couriers.carried.length
  link.hears(large)
  await world.settles()
  expect(link.closedWith).toBe('terminated')
  expect(world.couriers.carried.slice(told).every(({ text }) => text.length < 200)).toBe(true)
})
