/** R-01 over sockets: a crowd that enters and leaves a room at random while it is published to. */
import { fileURLToPath } from 'node:url'
import { startServerProcess } from '@fanfare/testkit'
import { Follower } from './follower.ts'
import { Publisher } from './publisher.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type RaceRounds = {
  readonly clients: number
  readonly rounds: number
  readonly perSecond: number
  /** Over how long the clients of a round come in, ms. */
  readonly spreadMs: number
}

export type Raced = {
  readonly faults: readonly string[]
  readonly deliveries: number
  readonly published: number
  /** Publishes a second that were acknowledged. */
  readonly rate: number
}

const app = fileURLToPath(new URL('clinic.ts', import.meta.url))
const room = 'archive:race'
const publishers = 4
/** How far back a client resumes from at most. */
const back = 400
const stayMs = 30
/** One process plays everybody: it may be long before it looks at one of them. */
const patienceMs = 60_000

export const raceRounds = async ({ clients, rounds, perSecond, spreadMs }: RaceRounds): Promise<Raced> => {
  // One process plays the whole crowd: it may fall behind without being slow readers, which are another test.
  const environment = { ...unlimitedEnvironment, FANFARE_LIMIT_OUTBOX_BYTES: String(8 * 1024 * 1024) }
  await using server = await startServerProcess({ app, environment })
  const place = { url: server.socketUrl }
  let n = 0
  const sending = Array.from({ length: publishers }, (_, index) => {
    const name = `publisher${index}`
    return new Publisher({ ...place, name, token: server.token(name), room, durability: 'memory', next: () => ++n })
  })
  const crowd = Array.from({ length: clients }, (_, index) => {
    const name = `client${index}`
    return new Follower({ ...place, name, token: server.token(name) })
  })
  await Promise.all(sending.map((publisher) => publisher.connects()))
  for (let from = 0; from < clients; from += 100) {
    await Promise.all(crowd.slice(from, from + 100).map((client) => client.connects()))
  }
  const began = performance.now()
  for (const publisher of sending) publisher.publishes(perSecond / publishers)
  await Promise.all(sending.map((publisher) => untilPublished(publisher)))
  const visits = async (client: Follower) => {
    await Bun.sleep(Math.random() * spreadMs)
    await visit(client, sending)
  }
  for (let round = 0; round < rounds; round++) await Promise.all(crowd.map(visits))
  const livedMs = performance.now() - began
  const published = sending.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0)
  // At the end everybody is there and sees the very last event, after which nothing comes to wake anybody.
  for (const client of crowd) client.enters(room, recent(sending))
  await Promise.all(sending.map((publisher) => publisher.finishes()))
  await Promise.all(crowd.map((client) => client.reaches(room, n, 60_000)))
  const faults = [...crowd, ...sending].flatMap((one) => one.faults)
  for (const { gaps, name } of crowd) if (gaps > 0) faults.push(`${name} was told of ${gaps} gaps`)
  for (const one of sending) one.closes()
  for (const client of crowd) client.drops()
  const deliveries = crowd.reduce((sum, { events }) => sum + events, 0)
  return { faults, deliveries, published, rate: (published / livedMs) * 1000 }
}

const untilPublished = async (publisher: Publisher): Promise<void> => {
  while (!publisher.top) await Bun.sleep(5)
}

/** Not long ago, as a client that was away for a moment would say. */
const recent = (sending: readonly Publisher[]) => {
  const { epoch, offset } = sending[Math.floor(Math.random() * sending.length)]!.top!
  return { epoch, offset: Math.max(0, offset - Math.floor(Math.random() * back)) }
}

const chance = (share: number): boolean => Math.random() < share

const visit = async (client: Follower, sending: readonly Publisher[]): Promise<void> => {
  if (chance(0.05)) {
    client.drops()
    await client.connects()
  }
  const enter = () => client.enters(room, chance(0.5) ? recent(sending) : undefined)
  enter()
  if (chance(0.2)) enter()
  if (chance(0.2)) {
    client.leaves(room)
    enter()
  }
  await client.reaches(room, 0, patienceMs)
  await Bun.sleep(Math.random() * stayMs)
  client.leaves(room)
  await client.until('leaving', () => !client.places.has(room), patienceMs)
}
