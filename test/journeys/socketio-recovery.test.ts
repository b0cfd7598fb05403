/** Stock clients that come back: after a cut, after kill -9 of the server, with nothing heard yet, as somebody else, too late. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess, startWorld } from '@fanfare/testkit'
import { createPractice, type Witnessed } from '../support/socketio-practice.ts'
import { openWire } from './clients/engine-io.ts'
import { type Client, type ClientOptions, connectClient } from './clients/socketio.ts'

const app = fileURLToPath(new URL('../support/socketio-practice.ts', import.meta.url))

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const counted = (client: Client) => client.told('counted').map((data) => (data as { n: number }).n)

let server: ServerProcess

beforeAll(async () => {
  server = await startServerProcess({ app })
})
afterAll(() => server?.[Symbol.asyncDispose]())

const person = (userId: string, options: Partial<ClientOptions> = {}): Promise<Client> =>
  connectClient({ url: server.url, token: server.token(userId), ...options })

const tell = async (room: string, range: readonly number[]) => {
  const teller = await server.person('teller')
  for (const n of range) await teller.says(room, 'counted', { n })
  await teller.goes()
}

/** The server falls as in a power cut and stands up again; meanwhile clients try and fail. */
const fall = async (...clients: readonly Client[]) => {
  await server.kill()
  for (const client of clients) await client.until('the cut', () => !client.socket.connected)
  await server.start()
}

describe('after kill -9 of the server', () => {
  for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']] as const) {
    test(`over ${transports.join(' and ')}, a client gets what it missed, once and in order`, async () => {
      using ann = await person('ann', { transports: [...transports] })
      const room = `ward:${transports.join('-')}`
      await ann.asks('join', room)
      await tell(room, numbers(1, 3))
      await ann.until('three', () => counted(ann).length === 3)
      const before = ann.socket.id
      await fall(ann)
      await tell(room, numbers(4, 6))
      await ann.connected(10_000)
      expect([ann.socket.recovered, ann.socket.id]).toEqual([true, before])
      await tell(room, [7])
      await ann.until('all', () => counted(ann).length === 7)
      expect(counted(ann)).toEqual(numbers(1, 7))
      const [me] = await ann.asks('whoami')
      expect(me).toMatchObject({ user: 'ann', visits: 2, rooms: expect.arrayContaining([room]) })
    }, 20_000)
  }

  test('a client that never heard an event is recovered too', async () => {
    using ann = await person('ann', { transports: ['websocket'] })
    await ann.asks('join', 'ward:silent')
    await fall(ann)
    await tell('ward:silent', [1])
    await ann.connected(10_000)
    expect(ann.socket.recovered).toBe(true)
    await ann.until('the event', () => counted(ann).length === 1)
  }, 20_000)

  test('events whose own last argument is a text do not lead it astray', async () => {
    using ann = await person('ann', { transports: ['websocket'] })
    await ann.asks('join', 'ward:texts')
    ann.socket.emit('say to me', 1, 'a text at the end')
    expect((await ann.hears('said')).slice(0, 2)).toEqual([1, 'a text at the end'])
    ann.socket.emit('say to all', 'nobody else is here')
    ann.socket.emit('say to user', 'ann', 'a text alone')
    expect((await ann.hears('said'))[0]).toBe('a text alone')
    await tell('ward:texts', [1])
    await ann.until('the first', () => counted(ann).length === 1)
    await fall(ann)
    await tell('ward:texts', [2])
    await ann.connected(10_000)
    expect(ann.socket.recovered).toBe(true)
    await ann.until('the second', () => counted(ann).length === 2)
    expect(counted(ann)).toEqual([1, 2])
    expect(ann.told('said')).toEqual([1, 'a text alone'])
  }, 20_000)

  test('twice in a row, and the second time as well as the first', async () => {
    using ann = await person('ann', { transports: ['websocket'] })
    await ann.asks('join', 'ward:twice')
    for (const round of [1, 2]) {
      await fall(ann)
      await tell('ward:twice', [round])
      await ann.connected(10_000)
      expect(ann.socket.recovered).toBe(true)
      await ann.until('the event', () => counted(ann).length === round)
    }
    expect(counted(ann)).toEqual([1, 2])
  }, 30_000)

  test('a room that was only in memory cannot be recovered, and the client is told', async () => {
    using ann = await person('ann', { transports: ['websocket'] })
    await ann.asks('join', 'corridor:gone')
    await tell('corridor:gone', [1])
    await ann.until('the first', () => counted(ann).length === 1)
    await fall(ann)
    await ann.connected(10_000)
    expect(ann.socket.recovered).toBe(false)
    expect((await ann.asks('whoami'))[0]).toMatchObject({ user: 'ann', visits: 1 })
  }, 20_000)

  test('whoever comes back as somebody else begins anew, and hears nothing of before', async () => {
    using ann = await person('ann', { transports: ['websocket'] })
    await ann.asks('join', 'ward:stolen')
    await tell('ward:stolen', [1])
    await ann.until('the first', () => counted(ann).length === 1)
    ann.socket.auth = { token: server.token('ben') }
    await fall(ann)
    await tell('ward:stolen', [2])
    await ann.connected(10_000)
    expect(ann.socket.recovered).toBe(false)
    expect((await ann.asks('whoami'))[0]).toMatchObject({ user: 'ben', visits: 1 })
    expect(counted(ann)).toEqual([1])
  }, 20_000)
})

describe('after a cut', () => {
  test('a client gets what it missed, and the server sees one session', async () => {
    const seen: Witnessed[] = []
    await using world = await startWorld({
      app: createPractice({ recovery: { for: '30s' }, witness: (one) => seen.push(one) }),
    })
    using ann = await connectClient({ url: world.url, token: await world.token('ann'), transports: ['websocket'] })
    await ann.asks('join', 'corridor:cut')
    const teller = await world.person('teller')
    await teller.says('corridor:cut', 'counted', { n: 1 })
    await ann.until('the first', () => counted(ann).length === 1)
    ann.breaks()
    await teller.says('corridor:cut', 'counted', { n: 2 })
    await ann.until('the break', () => ann.left.length === 1)
    await ann.connected()
    expect(ann.socket.recovered).toBe(true)
    await ann.until('the second', () => counted(ann).length === 2)
    expect(counted(ann)).toEqual([1, 2])
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1)
    expect(seen.map(({ what, detail }) => `${what} ${detail}`)).toEqual([
      'connect false',
      expect.stringMatching(/^disconnect transport/),
      'connect true',
    ])
  })

  test('over the window it begins anew, and the session expires exactly once', async () => {
    const seen: Witnessed[] = []
    await using world = await startWorld({
      app: createPractice({ recovery: { for: '300ms' }, witness: (one) => seen.push(one) }),
    })
    const ann = await connectClient({
      url: world.url,
      token: await world.token('ann'),
      transports: ['websocket'],
      reconnectionDelay: 1_200,
      reconnectionDelayMax: 1_200,
      randomizationFactor: 0,
    })
    ann.breaks()
    await ann.until('the break', () => ann.left.length === 1)
    await ann.connected()
    expect(ann.socket.recovered).toBe(false)
    const expired = () => seen.filter(({ what }) => what === 'expired')
    await ann.until('the end of the first session', () => expired().length === 1)
    // Who says goodbye cannot come back, so that session does not expire: it is over.
    ann.socket.disconnect()
    await Bun.sleep(1_000)
    expect(expired()).toHaveLength(1)
    expect(expired()[0]?.id).toBe(seen[0]?.id)
  }, 15_000)

  test('a right that was taken away meanwhile is not given back', async () => {
    await using world = await startWorld({ app: createPractice({ recovery: { for: '30s' } }) })
    const token = await world.token('ann', { grants: ['read:patient:*'] })
    using ann = await connectClient({ url: world.url, token, transports: ['websocket'] })
    await ann.asks('join', 'patient:7')
    ann.socket.auth = { token: await world.token('ann') }
    ann.breaks()
    await ann.until('the break', () => ann.left.length === 1)
    await ann.connected()
    expect(ann.socket.recovered).toBe(false)
    expect((await ann.asks('join', 'patient:7'))[0]).toMatchObject({ error: { code: 'forbidden' } })
  })

  test('without recovery there is no secret in the answer, and no argument beyond the application’s', async () => {
    await using world = await startWorld({ app: createPractice() })
    const { wire } = await openWire({ url: world.url })
    wire.sends(`40{"token":"${await world.token('ann')}"}`)
    expect(Object.keys(JSON.parse(String(await wire.hears()).slice(2)))).toEqual(['sid'])
    wire[Symbol.dispose]()
    using ann = await connectClient({ url: world.url, token: await world.token('ann'), transports: ['websocket'] })
    ann.socket.emit('say to me', 'only this')
    expect(await ann.hears('said')).toEqual(['only this'])
    ann.breaks()
    await ann.until('the break', () => ann.left.length === 1)
    await ann.connected()
    expect(ann.socket.recovered).toBeFalsy()
  })

  test('a secret that is guessed, cut short or another’s recovers nothing; the right one does', async () => {
    const connects = async (auth: object) => {
      const { wire } = await openWire({ url: server.url })
      wire.sends(`40/quiet,${JSON.stringify(auth)}`)
      const answer = String(await wire.hears())
      wire[Symbol.dispose]()
      return JSON.parse(answer.slice('40/quiet,'.length)) as { sid: string; pid: string }
    }
    const ann = server.token('ann')
    const { sid, pid } = await connects({ token: ann })
    for (const [shown, token] of [
      [pid.slice(0, -1), ann],
      [`${pid}x`, ann],
      [sid, ann],
      ['__proto__', ann],
      [pid, server.token('ben')],
      [pid, server.token('ann', 'globex')],
    ] as const) {
      const other = await connects({ token, pid: shown, offset: 'x' })
      expect(other.sid).not.toBe(sid)
      expect(other.pid).not.toBe(shown)
    }
    expect(await connects({ token: ann, pid, offset: 'x' })).toEqual({ sid, pid })
  })
})

for (const version of ['4.0', '4.4'] as const) {
  test(`the client ${version}, which knows nothing of recovery, works where it is on`, async () => {
    using ann = await person('ann', { version, transports: ['websocket'] })
    const room = `ward:old-${version}`
    await ann.asks('join', room)
    await tell(room, [1])
    await ann.until('the first', () => counted(ann).length === 1)
    ann.breaks()
    await ann.until('the break', () => ann.left.length === 1)
    await ann.connected()
    await ann.asks('join', room)
    await tell(room, [2])
    await ann.until('the second', () => counted(ann).length === 2)
    expect(counted(ann)).toEqual([1, 2])
  })
}
