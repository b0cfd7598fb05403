/** `fanfare start --workers 2`: two nodes on one port, and who looks after them. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { type RedisServer, startRedis } from '../../packages/server/src/redis/servers.world.ts'
import { Follower } from '../support/follower.ts'
import { Publisher } from '../support/publisher.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'

const app = fileURLToPath(new URL('../support/clinic.ts', import.meta.url))

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.[Symbol.asyncDispose]())

const startWorkers = async (): Promise<ServerProcess> => {
  const server = await startServerProcess({
    app,
    // The runner asks its children's children to die with their parents; here what they do then is what is tested.
    environment: { ...unlimitedEnvironment, REDIS_URL: redis.url, BUN_FEATURE_FLAG_NO_ORPHANS: '0' },
    words: ['--workers', '2'],
  })
  await saysOften(server, 'workers  2', 1)
  return server
}

const until = async (what: string, holds: () => boolean | Promise<boolean>, output: () => string): Promise<void> => {
  const deadline = Date.now() + 15_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited 15 s for ${what}:\n${output()}`)
    await Bun.sleep(20)
  }
}

const saysOften = (server: ServerProcess, text: string, times: number): Promise<void> =>
  until(
    `"${text}", ${times} times`,
    () => server.output.split(text).length > times,
    () => server.output,
  )

/** The processes that the supervisor has started and that live. */
const workersOf = async (server: ServerProcess): Promise<number[]> => {
  const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').catch(() => '')
  return children.split(' ').filter(Boolean).map(Number)
}

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const perSecond = 200

/** Clients who come back by themselves, as those with an SDK do, and somebody who publishes to them all the while. */
class Crowd implements AsyncDisposable {
  readonly clients: Follower[]
  readonly publisher: Publisher
  readonly room: string
  #sent = 0
  #publishing = true
  #over = false
  readonly #returning: Promise<void>[] = []

  private constructor(server: ServerProcess, name: string) {
    const url = server.socketUrl
    this.room = `archive:${name}`
    this.clients = Array.from({ length: 24 }, (_, index) => {
      const client = `${name}${index}`
      return new Follower({ name: client, url, token: server.token(client) })
    })
    const next = () => ++this.#sent
    const token = server.token(name)
    this.publisher = new Publisher({ name, url, token, room: this.room, durability: 'broker', next, persists: true })
  }

  /** In the room, over the first connection of each. */
  static async of(server: ServerProcess, name: string): Promise<Crowd> {
    const crowd = new Crowd(server, name)
    await Promise.all(crowd.clients.map((client) => client.connects()))
    for (const client of crowd.clients) client.enters(crowd.room)
    await Promise.all(crowd.clients.map((client) => client.reaches(crowd.room)))
    await crowd.publisher.connects()
    crowd.publisher.publishes(perSecond)
    const everybody = [...crowd.clients, crowd.publisher]
    crowd.#returning.push(...everybody.map((one) => crowd.#keepsIn(one)))
    return crowd
  }

  async #keepsIn(one: Follower | Publisher): Promise<void> {
    while (!this.#over) {
      // A link that is closing has yet to say why.
      const gone = one instanceof Follower ? one.closedWith !== undefined : !one.connected
      if (gone) await this.#returns(one).catch(() => {})
      await Bun.sleep(20 + Math.random() * 50)
    }
  }

  async #returns(one: Follower | Publisher): Promise<void> {
    await one.connects()
    if (one instanceof Publisher && this.#publishing) one.publishes(perSecond)
  }

  /** Everything that was published is acknowledged, and was heard by everybody, once and in order. */
  async arrives(): Promise<void> {
    this.#publishing = false
    await this.publisher.finishes()
    const offsets = [...this.publisher.acknowledged.values()].map(({ offset }) => offset).sort((a, b) => a - b)
    expect(offsets).toEqual(Array.from({ length: this.#sent }, (_, index) => index + 1))
    await Promise.all(this.clients.map((client) => client.reaches(this.room, this.#sent)))
    expect([...this.clients, this.publisher].flatMap(({ faults }) => faults)).toEqual([])
    expect(this.clients.filter(({ gaps }) => gaps > 0)).toEqual([])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    await Promise.all(this.#returning)
    for (const client of this.clients) client.drops()
    this.publisher.closes()
  }
}

test('both serve on one port; one that is killed is replaced, and its clients resume without a loss', async () => {
  await using server = await startWorkers()
  const before = await workersOf(server)
  expect(before).toHaveLength(2)
  await using crowd = await Crowd.of(server, 'kill')
  await Bun.sleep(500)
  const connectedOnce = crowd.clients.map(({ closings }) => closings)
  const [killed, other] = before
  process.kill(killed!, 'SIGKILL')
  await saysOften(server, 'a worker died: by SIGKILL', 1)
  await saysOften(server, 'fanfare is up', 3)
  const after = await workersOf(server)
  expect(after).toHaveLength(2)
  expect(after).toContain(other!)
  expect(after).not.toContain(killed!)
  await Bun.sleep(500)
  await crowd.arrives()
  // Some were on the one, some on the other.
  const cut = crowd.clients.filter(({ closings }, index) => closings > connectedOnce[index]!)
  expect(cut.length).toBeGreaterThan(0)
  expect(cut.length).toBeLessThan(crowd.clients.length)
  expect(await server.stop()).toBe(0)
  expect([...before, ...after].filter(lives)).toEqual([])
}, 60_000)

test('SIGHUP replaces them one after another; who publishes and who listens miss nothing', async () => {
  await using server = await startWorkers()
  const before = await workersOf(server)
  await using crowd = await Crowd.of(server, 'roll')
  server.hangUp()
  let most = 0
  let fewest = 2
  await until(
    'the end of the rolling restart',
    async () => {
      const workers = await workersOf(server)
      most = Math.max(most, workers.length)
      fewest = Math.min(fewest, workers.length)
      return server.output.includes('every worker was replaced')
    },
    () => server.output,
  )
  expect({ fewest, most }).toEqual({ fewest: 2, most: 3 })
  const after = await workersOf(server)
  expect(after.filter((pid) => before.includes(pid))).toEqual([])
  expect(after).toHaveLength(2)
  await crowd.arrives()
  expect(crowd.clients.map(({ lastClosing }) => lastClosing)).toEqual(crowd.clients.map(() => 1012))
}, 60_000)

test('workers whose supervisor is killed stop in peace: clients are told when to come back', async () => {
  await using server = await startWorkers()
  const workers = await workersOf(server)
  const client = new Follower({ name: 'ann', url: server.socketUrl, token: server.token('ann') })
  await client.connects()
  client.enters('archive:orphans')
  await client.reaches('archive:orphans')
  await server.kill()
  await client.until('the end', () => client.closedWith !== undefined)
  expect(client.closedWith).toBe(1012)
  expect(client.comeBackAfterMs).toBeGreaterThanOrEqual(0)
  await until(
    'the end of the workers',
    () => !workers.some(lives),
    () => server.output,
  )
  expect(server.output).toContain('the supervisor is gone')
}, 60_000)

test('a port on which others listen is refused, also when they would share it', async () => {
  await using server = await startWorkers()
  const again = startServerProcess({
    app,
    environment: { REDIS_URL: redis.url, FANFARE_PORT: String(server.port), FANFARE_DATA_FOLDER: server.dataFolder },
    words: ['--workers', '2'],
  })
  await expect(again).rejects.toThrow('another process listens there')
  expect(await server.stop()).toBe(0)
}, 60_000)
