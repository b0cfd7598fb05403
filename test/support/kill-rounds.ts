/** Kills a server in the middle of publishes, again and again on the same data, and looks for what was lost or doubled. */
import { fileURLToPath } from 'node:url'
import type { HistoryPage } from '@fanfare/protocol'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { Follower } from './follower.ts'
import { Publisher } from './publisher.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type KillRounds = {
  readonly rounds: number
  /** Publishes a second, over all publishers. */
  readonly perSecond: number
  /** Where numbers are published, and where what reacts to them echoes them. @default on the disk of the engine */
  readonly rooms?: { readonly room: string; readonly echo: string }
  /** The file that describes them. @default clinic.ts */
  readonly app?: string
}

export type Killed = {
  readonly acknowledged: number
  /** Publishes a second that were acknowledged while the server lived. */
  readonly rate: number
  readonly faults: readonly string[]
}

const clinic = fileURLToPath(new URL('clinic.ts', import.meta.url))
const onDisk = { room: 'ward:kill', echo: 'echo:kill' }
const publishers = 4
const followers = 4

export const killRounds = async ({ rounds, perSecond, rooms = onDisk, app = clinic }: KillRounds): Promise<Killed> => {
  const { room, echo } = rooms
  await using server = await startServerProcess({ app, environment: unlimitedEnvironment })
  let n = 0
  const place = { url: server.socketUrl }
  const sending = Array.from({ length: publishers }, (_, index) => {
    const name = `publisher${index}`
    return new Publisher({ ...place, name, token: server.token(name), room, durability: 'disk', next: () => ++n })
  })
  const reading = Array.from({ length: followers }, (_, index) => {
    const name = `reader${index}`
    return new Follower({ ...place, name, token: server.token(name) })
  })
  const everybody = [...sending, ...reading]
  await Promise.all(everybody.map((one) => one.connects()))
  for (const reader of reading) {
    reader.enters(room)
    reader.enters(echo)
  }
  await Promise.all(reading.map((reader) => reader.reaches(room)))
  const began = performance.now()
  let livedMs = 0
  for (let round = 0; round < rounds; round++) {
    const started = performance.now()
    for (const publisher of sending) publisher.publishes(perSecond / publishers)
    await Bun.sleep(400 + Math.random() * 400)
    livedMs += performance.now() - started
    await server.kill()
    await Promise.all(reading.map((reader) => reader.until('the cut', () => reader.closedWith !== undefined)))
    await server.start()
    await Promise.all(everybody.map((one) => one.connects()))
  }
  await Promise.all(sending.map((publisher) => publisher.finishes()))
  const acknowledged = sending.flatMap((publisher) => [...publisher.acknowledged])
  process.stderr.write(`${acknowledged.length} acknowledged in ${Math.round(performance.now() - began)} ms\n`)
  const faults = [
    ...everybody.flatMap((one) => one.faults),
    ...(await compare(server, { acknowledged: new Map(acknowledged), reading, rooms })),
  ]
  for (const publisher of sending) publisher.closes()
  for (const reader of reading) reader.drops()
  return { acknowledged: acknowledged.length, rate: (acknowledged.length / livedMs) * 1000, faults }
}

type Outcome = {
  readonly acknowledged: ReadonlyMap<number, { readonly offset: number; readonly epoch: string }>
  readonly reading: readonly Follower[]
  readonly rooms: { readonly room: string; readonly echo: string }
}

/** The whole log against what was acknowledged, heard and reacted to. */
const compare = async (server: ServerProcess, outcome: Outcome): Promise<readonly string[]> => {
  const { acknowledged, reading, rooms } = outcome
  const { room, echo } = rooms
  const faults: string[] = []
  const log = await readAll(server, room)
  const positions = new Map<number, number>()
  for (const { n, offset } of log) {
    if (positions.has(n)) faults.push(`${n} is there twice, at ${positions.get(n)} and ${offset}`)
    positions.set(n, offset)
  }
  for (const [n, { offset }] of acknowledged) {
    if (positions.get(n) !== offset) faults.push(`${n} was acknowledged at ${offset} and is at ${positions.get(n)}`)
  }
  await Promise.all(reading.map((reader) => reader.reaches(room, log.length)))
  await Promise.all(reading.map((reader) => reader.reaches(echo, log.length)))
  for (const { gaps, name } of reading) if (gaps > 0) faults.push(`${name} was told of ${gaps} gaps`)
  const echoed = (await readAll(server, echo)).map(({ n }) => n)
  if (new Set(echoed).size !== echoed.length) faults.push('a reaction took effect twice')
  if (echoed.length !== log.length) faults.push(`${log.length} events, ${echoed.length} reactions`)
  return faults
}

const readAll = async (server: ServerProcess, name: string): Promise<{ n: number; offset: number }[]> => {
  const actor = await server.person('auditor')
  const found: { n: number; offset: number }[] = []
  let after: HistoryPage['next'] | 'earliest' = 'earliest'
  while (after !== undefined) {
    const page = (await actor.asks({ type: 'history', room: name, limit: 1_000, after })) as unknown as HistoryPage
    for (const { offset, data } of page.events) found.push({ offset, n: (data as { n: number }).n })
    after = page.next
  }
  await actor.goes()
  return found
}
