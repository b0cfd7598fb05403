/** Chat on PostgreSQL, by two nodes with connections of their own. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { fakeClock } from '../../lib/fake-clock.ts'
import { sharedPostgres } from '../../store/postgres.world.ts'
import { openTestStore } from '../../store/store.world.ts'
import { openFeature } from '../feature.world.ts'
import { chatFeature } from './chat.ts'
import { codeOf } from './chat.world.ts'
import { play, rounds } from './interleavings.world.ts'
import { chatSchema } from './tables.ts'

/** Two nodes over one database. */
const openNodes = async () => {
  const clock = fakeClock()
  const { url } = await (await sharedPostgres()).database()
  const open = () => openTestStore({ kind: 'postgres', url, clock, schemas: [chatSchema] })
  const stores = [await open(), await open()] as const
  const one = await openFeature(chatFeature, { store: stores[0], clock })
  const other = await openFeature(chatFeature, { store: stores[1], clock })
  return {
    one,
    other,
    async [Symbol.asyncDispose]() {
      for (const opened of [one, other, ...stores]) await opened[Symbol.asyncDispose]()
    },
  }
}

test('whatever members do at once on two nodes, messages, events and receipts fit together', async () => {
  await using nodes = await openNodes()
  await fc.assert(
    fc.asyncProperty(rounds, (all) => play([nodes.one, nodes.other], all)),
    { numRuns: 25 },
  )
}, 30_000)

test('batches over the same rooms from two nodes keep every message, and one for a key', async () => {
  await using nodes = await openNodes()
  const members = [{ userId: 'ann' }, { userId: 'bob' }]
  const rooms = Array.from({ length: 20 }, (_, index) => `room-${index}`)
  for (const id of rooms) await nodes.one.api().createRoom({ id, members })
  const sends = Array.from({ length: 600 }, (_, index) => {
    const world = index % 2 === 0 ? nodes.one : nodes.other
    const roomId = rooms[(index * 7) % rooms.length]!
    return world
      .api()
      .send({ roomId, userId: index % 3 === 0 ? 'ann' : 'bob', text: `${index}`, key: `${index % 500}` })
  })
  const marks = rooms.map((roomId) => nodes.other.api().read(roomId, 'bob', 5))
  const codes = await Promise.all([...sends, ...marks].map(codeOf))
  expect(new Set(codes)).toEqual(new Set(['done']))
  const numbers = await Promise.all(
    rooms.map(async (id) => (await nodes.one.api().messages(id, 'ann', { limit: 100 })).messages.map((m) => m.number)),
  )
  for (const each of numbers) expect(each).toEqual(each.map((_, index) => index + 1))
  const answers = (await Promise.all(sends)).map(({ message }) => message.id)
  expect(numbers.flat()).toHaveLength(new Set(answers).size)
}, 30_000)
