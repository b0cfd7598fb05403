/** for event streams, over real sockets: one cursor for several rooms that resumes anywhere, and never lies. */
import { expect, test } from 'bun:test'
import { fakeClock, startWorld, type World } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'
import { blocksOf, idsOf, TextStream } from '../support/stream.ts'
import { unlimited } from '../support/unlimited.ts'

const rooms = ['ward:1', 'archive:1', 'corridor:1']
const config = { limits: unlimited }

type Opening = {
  readonly rooms?: readonly string[]
  readonly header?: string
  readonly query?: string
  readonly as?: string
  readonly grants?: readonly string[]
}

const open = async (world: World, opening: Opening = {}): Promise<TextStream> => {
  const url = new URL('/v1/stream', world.url)
  for (const room of opening.rooms ?? rooms) url.searchParams.append('room', room)
  if (opening.query !== undefined) url.searchParams.set('lastEventId', opening.query)
  const token = await world.token(opening.as ?? 'eve', opening.grants ? { grants: [...opening.grants] } : {})
  return TextStream.open(url, {
    Authorization: `Bearer ${token}`,
    ...(opening.header === undefined ? {} : { 'Last-Event-ID': opening.header }),
  })
}

const publishTo = async (world: World, names: readonly string[], rounds: number): Promise<void> => {
  const ann = await world.person('ann')
  for (let n = 1; n <= rounds; n++) {
    for (const room of names) await ann.says(room, 'counted', { n })
  }
  await ann.goes()
}

const placesOf = (stream: TextStream) => stream.events.map(({ data }) => `${data.room} ${data.offset}`)

test('a stream that is cut at any byte resumes in all its rooms: nothing lost, nothing twice', async () => {
  await using world = await startWorld({ app: clinic, config })
  const total = 3 * 12
  await using whole = await open(world)
  await publishTo(world, rooms, 12)
  await whole.until(({ events }) => events.length === total)
  const expected = placesOf(whole).sort()
  const start = whole.response.headers.get('fanfare-last-event-id')!
  for (let cut = 0; cut < whole.text.length; cut += 97) {
    const before = blocksOf(whole.text.slice(0, cut))
    const seen = before.filter(({ event }) => event === 'counted') as typeof whole.events
    // A block of nothing but an id counts too; before the first, the client has nothing but the header.
    const cursor = idsOf(whole.text.slice(0, cut)).at(-1) ?? start
    await using after = await open(world, cut % 2 === 0 ? { header: cursor } : { query: cursor })
    await after.until(({ events }) => events.length === total - seen.length)
    const both = [...seen.map(({ data }) => `${data.room} ${data.offset}`), ...placesOf(after)]
    expect(both.sort()).toEqual(expected)
  }
}, 30_000)

test('the header wins over the address; both may say earliest; the answer says where the replay began', async () => {
  await using world = await startWorld({ app: clinic, config })
  await publishTo(world, ['ward:1'], 5)
  const one = { rooms: ['ward:1'] }
  await using first = await open(world, { ...one, query: 'earliest' })
  await first.until(({ events }) => events.length === 5)
  expect(first.response.headers.get('fanfare-last-event-id')).toBe('earliest')
  const [, second, , fourth] = first.events.map(({ id }) => id!)

  await using fromFourth = await open(world, { ...one, header: fourth!, query: second! })
  await fromFourth.until(({ events }) => events.length === 1)
  expect(fromFourth.events[0]!.data.offset).toBe(5)
  expect(fromFourth.response.headers.get('fanfare-last-event-id')).toBe(fourth!)

  await using fromNow = await open(world, one)
  await publishTo(world, ['ward:1'], 1)
  await fromNow.until(({ events }) => events.length === 1)
  // The place that the answer named, before anything was read, gives the same again.
  await using again = await open(world, { ...one, header: fromNow.response.headers.get('fanfare-last-event-id')! })
  await again.until(({ events }) => events.length === 1)
  expect(placesOf(again)).toEqual(placesOf(fromNow))
})

test('what is gone is told: at the start as not recovered, in the middle as a gap; the cursor goes on from there', async () => {
  await using world = await startWorld({ app: clinic, config })
  const one = { rooms: ['corridor:1'] }
  await publishTo(world, one.rooms, 1)
  await using old = await open(world, { ...one, query: 'earliest' })
  await old.until(({ events }) => events.length === 1)
  // The room keeps 50.
  await publishTo(world, one.rooms, 60)
  await using late = await open(world, { ...one, header: old.events[0]!.id! })
  await late.until(({ blocks }) => blocks.some(({ event }) => event === 'subscription'))
  expect(late.blocks.find(({ event }) => event === 'subscription')!.data).toMatchObject({
    recovered: false,
    reason: 'trimmed',
    offset: 61,
  })
  expect(late.events).toEqual([])

  const { app, engine } = world.server.services
  await engine.log.forget(app.room('acme', 'corridor:1'))
  await late.until(({ blocks }) => blocks.some(({ event }) => event === 'gap'))
  expect(late.blocks.find(({ event }) => event === 'gap')!.data).toMatchObject({ reason: 'epoch', to: { offset: 0 } })
  await publishTo(world, one.rooms, 1)
  await late.until(({ events }) => events.length === 1)
  await using next = await open(world, { ...one, header: late.blocks.findLast(({ event }) => event === 'gap')!.id! })
  await next.until(({ events }) => events.length === 1)
  expect(next.events[0]!.data.offset).toBe(1)
})

test('a replay is authorised anew: a grant revoked meanwhile refuses the room, and the others go on', async () => {
  await using world = await startWorld({ app: clinic, config })
  const grants = ['read:patient:7', 'write:patient:7']
  const ann = await world.person('ann', { grants })
  const both = { rooms: ['ward:1', 'patient:7'], grants: ['read:patient:7'] }
  await using stream = await open(world, both)
  await ann.says('patient:7', 'message.created', { text: 'one' })
  await stream.until(({ events }) => events.length === 1)
  const cursor = stream.events[0]!.id!
  await ann.says('patient:7', 'message.created', { text: 'two' })
  await world.server.services.auth.grants.revoke('acme', 'eve', ['read:patient:7'])
  await ann.says('ward:1', 'counted', { n: 1 })

  await using again = await open(world, { ...both, header: cursor })
  await again.until(({ blocks, events }) => events.length === 1 && blocks.some(({ event }) => event === 'problem'))
  expect(again.events.map(({ data }) => data.room)).toEqual(['ward:1'])
  expect(again.blocks.filter(({ event }) => event === 'problem').map(({ data }) => data)).toMatchObject([
    { room: 'patient:7', code: 'forbidden' },
  ])
  const refused = await open(world, { ...both, rooms: ['patient:7'], header: cursor }).catch((error: Error) => error)
  expect(String(refused)).toMatch(/403/)
})

test('a stream carries a comment every 15 seconds, and nothing else while its rooms are quiet', async () => {
  const clock = fakeClock(Date.now())
  await using world = await startWorld({ app: clinic, config, clock })
  await using stream = await open(world)
  await stream.until(({ blocks }) => blocks.filter(({ event }) => event === 'subscription').length === rooms.length)
  const before = stream.text
  for (let count = 1; count <= 3; count++) {
    await clock.advance(15_000)
    const wanted = before + ':\n\n'.repeat(count)
    await stream.until(({ text }) => text.length >= wanted.length)
    expect(stream.text).toBe(wanted)
  }
})

test('a stream and a WebSocket in the same rooms are given the same events in the same order', async () => {
  await using world = await startWorld({ app: clinic, config })
  const bob = await world.person('bob')
  for (const room of rooms) await bob.joins(room)
  await using stream = await open(world)
  const people = await Promise.all(['cy', 'di', 'ed'].map((name) => world.person(name)))
  const says = people.flatMap((person) =>
    Array.from({ length: 90 }, (_, n) => person.says(rooms[n % rooms.length]!, 'counted', { n })),
  )
  await Promise.all(says)
  await stream.until(({ events }) => events.length === says.length)
  await bob.frames.take('the last', () => bob.heard.length === says.length)
  expect(stream.events.map(({ data }) => data as unknown)).toEqual([...bob.heard])
})

test('R-15: a thousand readers that vanish leave nothing behind', async () => {
  await using world = await startWorld({ app: clinic, config })
  const { hub } = world.server.services
  for (let round = 0; round < 10; round++) {
    const streams = await Promise.all(Array.from({ length: 100 }, () => open(world)))
    expect(hub.stats('acme').sessions).toBe(100)
    await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()))
    const ann = await world.person('ann')
    for (let tries = 0; hub.sessions.size > 1 && tries < 200; tries++) {
      ann.sends({ type: 'ping' })
      await ann.sees('pong')
    }
    await ann.goes()
  }
  expect(hub.stats('acme')).toMatchObject({ sessions: 0, rooms: 0, users: 0 })
}, 30_000)
