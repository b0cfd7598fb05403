/** Stock Socket.IO clients, unmodified, of four versions, on one server: signing in, rooms, acknowledgements, binary, coming back. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startWorld, type World } from '@fanfare/testkit'
import { createPractice } from '../support/socketio-practice.ts'
import { upgradeUnderTraffic } from '../support/socketio-upgrades.ts'
import { LineProgram } from './clients/lines.ts'
import { type Client, type ClientOptions, connectClient, openClient, versions } from './clients/socketio.ts'

let world: World

beforeAll(async () => {
  world = await startWorld({ app: createPractice() })
})
afterAll(() => world?.[Symbol.asyncDispose]())

const person = async (userId: string, options: Partial<ClientOptions> = {}): Promise<Client> =>
  connectClient({ url: world.url, token: await world.token(userId), ...options })

for (const version of versions) {
  describe(`the client ${version}`, () => {
    test('connects over polling, moves to a WebSocket, and is somebody', async () => {
      using ann = await person('ann', { version })
      await ann.until('the upgrade', () => ann.transport === 'websocket')
      expect(await ann.asks('whoami')).toMatchObject([{ user: 'ann' }])
      expect(ann.socket.id).toBeString()
    })

    for (const transport of ['polling', 'websocket'] as const) {
      test(`over ${transport}: arguments of every kind go out, and come back in order`, async () => {
        using ann = await person('ann', { version, transports: [transport] })
        expect(ann.transport).toBe(transport)
        const args = [1, 'two', null, true, { deep: [{ er: 'žluť 🐎' }] }, []]
        expect(await ann.asks('ask', ...args)).toEqual(args)
        ann.socket.emit('echo', ...args)
        expect(await ann.hears('echo')).toEqual(args)
        for (let n = 0; n < 30; n++) ann.socket.emit('say to me', n)
        await ann.until('30 answers', () => ann.told('said').length === 30)
        expect(ann.told('said')).toEqual(Array.from({ length: 30 }, (_, n) => n))
      })

      test(`over ${transport}: binary goes both ways, alone and inside of objects`, async () => {
        using ann = await person('ann', { version, transports: [transport] })
        const bytes = Buffer.from([0, 1, 2, 254, 255])
        const [plain, inside] = await ann.asks('ask', bytes, { file: { name: 'x', bytes: new Uint8Array([7, 8, 9]) } })
        expect(new Uint8Array(plain as Buffer)).toEqual(new Uint8Array(bytes))
        const { file } = inside as { file: { name: string; bytes: Uint8Array } }
        expect(file.name).toBe('x')
        expect(new Uint8Array(file.bytes)).toEqual(Uint8Array.of(7, 8, 9))
        ann.socket.emit('echo', bytes)
        expect(new Uint8Array((await ann.hears('echo'))[0] as Buffer)).toEqual(new Uint8Array(bytes))
      })
    }

    test('hears the room that it joined, under its own names, and nothing after it left', async () => {
      using ann = await person('ann', { version })
      const ward = `ward:rooms-${version}`
      await ann.asks('join', ward)
      const teller = await world.person('teller')
      await teller.says(ward, 'message.created', { text: 'hello' })
      expect((await ann.hears('chat message'))[0]).toEqual({ text: 'hello' })
      await ann.asks('leave', ward)
      await teller.says(ward, 'message.created', { text: 'nobody hears this' })
      await ann.asks('whoami')
      expect(ann.told('chat message')).toEqual([{ text: 'hello' }])
    })

    test('comes back by itself when its connection breaks', async () => {
      using ann = await person('ann', { version, transports: ['websocket'] })
      const first = ann.socket.id
      ann.breaks()
      await ann.until('the break', () => ann.left.length === 1)
      await ann.connected()
      expect(ann.socket.id).not.toBe(first)
      expect(await ann.asks('whoami')).toMatchObject([{ user: 'ann' }])
    })
  })
}

describe('signing in', () => {
  test('a token that is good', async () => {
    using ann = await person('ann')
    expect(ann.socket.connected).toBe(true)
  })

  test('none, a false one and one that is over are refused with a code, and what to do', async () => {
    const expired = await world.server.mint({ tenantId: 'acme', userId: 'ann', ttlSeconds: -60 }).catch(() => undefined)
    const cases = [
      [undefined, 'unauthenticated'],
      ['a.b.c', 'unauthenticated'],
      ...(expired === undefined ? [] : ([[expired, 'token_expired']] as const)),
    ] as const
    for (const [token, code] of cases) {
      using stranger = await openClient({ url: world.url, ...(token === undefined ? {} : { token }) })
      const refused = await stranger.refused()
      expect(refused.message).toBeString()
      expect(refused.data).toMatchObject({ code, retry: expect.stringMatching(/^(now|later|never)$/) })
      expect(JSON.stringify(refused.data)).not.toContain('a.b.c')
      expect(stranger.socket.connected).toBe(false)
    }
  })

  test('the token in a header of the handshake does as well', async () => {
    const extraHeaders = { Authorization: `Bearer ${await world.token('ann')}` }
    using ann = await connectClient({ url: world.url, extraHeaders })
    expect(await ann.asks('whoami')).toMatchObject([{ user: 'ann' }])
  })

  test('a function that gives the token is asked again each time', async () => {
    let asked = 0
    const token = await world.token('ann')
    const auth = (give: (auth: object) => void) => {
      asked++
      give({ token })
    }
    using ann = await connectClient({ url: world.url, auth, transports: ['websocket'] })
    ann.breaks()
    await ann.until('the break', () => ann.left.length === 1)
    await ann.connected()
    expect(asked).toBe(2)
  })

  test('another namespace asks for something else, and refuses without a detail', async () => {
    const url = world.url
    using visitor = await connectClient({ url, namespace: '/visitors', auth: { badge: 'blue' } })
    expect(await visitor.asks('ask', 1)).toEqual([1])
    using stranger = await openClient({ url, namespace: '/visitors', auth: { badge: 'red' } })
    const refused = await stranger.refused()
    expect(`${refused.message}${JSON.stringify(refused.data)}`).not.toContain('a detail')
    using lost = await openClient({ url, namespace: '/nowhere' })
    expect((await lost.refused()).message).toBe('Invalid namespace')
  })

  test('two namespaces share a connection', async () => {
    using ann = await person('ann')
    const visitor = ann.socket.io.socket('/visitors', { auth: { badge: 'blue' } } as never).connect()
    await ann.until('the other namespace', () => visitor.connected)
    expect(visitor.id).not.toBe(ann.socket.id)
    visitor.disconnect()
    expect(await ann.asks('whoami')).toMatchObject([{ user: 'ann' }])
  })
})

describe('commands and acknowledgements', () => {
  test('an emit under the client’s name is a command, with its answer', async () => {
    using ann = await person('ann')
    const [answer] = await ann.asks('chat message', { ward: 'commands', text: 'hi' })
    expect(answer).toMatchObject({ offset: 1 })
  })

  test('a command that is refused, or fails, says so without a detail', async () => {
    using ann = await person('ann')
    const [invalid] = await ann.asks('chat message', { ward: 7 })
    expect(invalid).toMatchObject({ error: { code: 'invalid_payload' } })
    const [failed] = await ann.asks('message:fail', {})
    expect(failed).toMatchObject({ error: { code: 'internal' } })
    expect(JSON.stringify(failed)).not.toContain('a detail')
    const [unknown] = await ann.asks('no such thing', {})
    expect(unknown).toMatchObject({ error: { code: 'unknown_command' } })
    const [refused] = await ann.asks('join', 'patient:7')
    expect(refused).toMatchObject({ error: { code: 'forbidden' } })
  })

  test('the client’s own timeout ends its waiting, and nothing else', async () => {
    using ann = await person('ann')
    expect(ann.socket.timeout(100).emitWithAck('never answered')).rejects.toThrow('timed out')
    expect(await ann.socket.timeout(2_000).emitWithAck('ask', 'soon')).toBe('soon')
  })

  test('the server asks, the client answers; one that is silent is an error for the server alone', async () => {
    using ann = await person('ann')
    ann.socket.on('question', (question: string, answer: (given: string) => void) => answer(`${question}!`))
    expect(await ann.asks('ask me', 'really')).toEqual(['really!'])
    using ben = await person('ben')
    const [answer] = await ben.asks('ask me', 'really')
    expect(answer).toMatchObject({ error: { code: 'unavailable' } })
    expect(ben.socket.connected).toBe(true)
  })
})

describe('emitting', () => {
  test('to a room but the sender, to a user everywhere, to all but the sender', async () => {
    using ann = await person('ann')
    using ben = await person('ben')
    using benAgain = await person('ben', { transports: ['polling'] })
    using cleo = await person('cleo')
    for (const one of [ann, ben]) await one.asks('join', 'corridor:emits')
    ann.socket.emit('say to room', 'corridor:emits', 'room')
    expect(await ben.hears('said')).toEqual(['room'])
    ann.socket.emit('say to user', 'ben', 'user')
    expect(await ben.hears('said')).toEqual(['user'])
    expect(await benAgain.hears('said')).toEqual(['user'])
    ann.socket.emit('say to all', 'all')
    for (const one of [ben, benAgain, cleo]) expect(await one.hears('said')).toEqual(['all'])
    await ann.asks('whoami')
    expect([ann.told('said'), cleo.told('said')]).toEqual([[], ['all']])
  })

  test('nobody of another tenant hears it', async () => {
    using ann = await person('ann')
    using foreign = await connectClient({ url: world.url, token: await world.token('ann', { tenantId: 'globex' }) })
    await foreign.asks('join', 'corridor:foreign')
    await ann.asks('join', 'corridor:foreign')
    using ben = await person('ben')
    ben.socket.emit('say to room', 'corridor:foreign', 'ours')
    ben.socket.emit('say to user', 'ann', 'ours too')
    ben.socket.emit('say to all', 'for all of us')
    await ann.until('three', () => ann.told('said').length === 3)
    await foreign.asks('whoami')
    expect(foreign.told('said')).toEqual([])
  })

  test('a client that is thrown out does not come back by itself', async () => {
    using ann = await person('ann')
    ann.socket.emit('throw me out')
    await ann.until('the end', () => ann.left.length === 1)
    expect(ann.left).toEqual(['io server disconnect'])
    await Bun.sleep(200)
    expect(ann.socket.connected).toBe(false)
  })
})

test('a token that ends ends the session, and a new one lets the client back in', async () => {
  const short = await world.token('ann', { ttlSeconds: 1 })
  const long = await world.token('ann')
  let shown = short
  const auth = (give: (auth: object) => void) => give({ token: shown })
  using ann = await connectClient({ url: world.url, auth })
  shown = long
  await ann.until('the end of the token', () => ann.left.length === 1, 10_000)
  if (!ann.socket.active) ann.socket.connect()
  await ann.connected()
  expect(await ann.asks('whoami')).toMatchObject([{ user: 'ann' }])
}, 20_000)

test('20 clients move from polling to WebSockets under traffic: nothing lost, doubled or out of order', async () => {
  const { faults, upgraded } = await upgradeUnderTraffic({ clients: 20, rounds: 1, perSecond: 200 })
  expect(faults).toEqual([])
  expect(upgraded).toBe(20)
}, 30_000)

test('on a real Node, with its own sockets, a client does all of it too', async () => {
  const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const variables = [`FANFARE_URL=${world.url}`, `FANFARE_TOKEN=${await world.token('ann')}`]
  const node = pathOf('../../node_modules/.bin/node')
  await using run = new LineProgram('env', [...variables, node, pathOf('clients/socketio-node.mjs')])
  const code = await run.ends()
  expect({ code, lines: run.lines }).toEqual({ code: 0, lines: ['polling: ok', 'websocket: ok', 'upgrade: ok'] })
})
