/** That every context of an application has every feature, on a whole node; whichever features there are. */
import { expect, test } from 'bun:test'
import { homeTenant, startWorld } from '@fanfare/testkit'
import { io } from 'socket.io-client'
import { z } from 'zod'
import type { AppContext } from './app/app.ts'
import { command } from './app/define-app.ts'
import type { FeatureOptions } from './app/features.ts'
import { defineApp, features } from './features.ts'

const names = features.map(({ name }) => name as string)

type Seen = { readonly where: string; readonly apis: readonly string[]; readonly copied: boolean }

/** What a context has of features, itself and in a copy. */
const look = (where: string, context: AppContext): Seen => {
  const apis = names.filter((name) => typeof Reflect.get(context, name) === 'object')
  const copy = { ...context }
  return { where, apis, copied: names.every((name) => Reflect.get(copy, name) === Reflect.get(context, name)) }
}

/** An application that looks at each context that it is given. */
const watching = (seen: Seen[], switches: FeatureOptions = {}) => {
  const note = (where: string) => (context: AppContext) => void seen.push(look(where, context))
  return defineApp({
    rooms: {
      lobby: {
        events: { said: z.string() },
        access: ({ context }) => {
          note('access')(context)
          return true
        },
        publish: 'tenant',
      },
    },
    commands: { look: command(z.null(), note('command')) },
    on: { said: note('reaction') },
    routes: { 'GET /look': note('route'), 'GET /open': { auth: 'none', handle: note('open route') } },
    socketio: { namespaces: { '/': { connect: note('socket'), on: { look: note('handler') } } } },
    features: switches,
    onStart: ({ of }) => note('start')(of(homeTenant)),
  })
}

test('every context has every feature, and so does its copy', async () => {
  const seen: Seen[] = []
  await using world = await startWorld({ app: watching(seen) })
  const ann = await world.person('ann')
  await ann.joins('lobby')
  await ann.says('lobby', 'said', 'hello')
  await ann.asks({ type: 'command', name: 'look', input: null })
  await world.asks('/look', { as: 'ann' })
  await world.asks('/open')
  const socket = io(world.url, { auth: { token: await world.token('ann') }, transports: ['websocket'] })
  await socket.timeout(5_000).emitWithAck('look')
  socket.disconnect()
  await world.server.services.reactor.idle()
  const places = ['access', 'command', 'handler', 'open route', 'reaction', 'route', 'socket', 'start']
  expect([...new Set(seen.map(({ where }) => where))].sort()).toEqual(places)
  for (const one of seen) expect(one).toEqual({ where: one.where, apis: names, copied: true })
})

test('one that is off is refused when it is called, and says how to have it', async () => {
  const off = Object.fromEntries(names.map((name) => [name, false])) as FeatureOptions
  await using world = await startWorld({ app: watching([], off) })
  const context = world.server.services.contextOf({ tenantId: homeTenant })
  for (const name of names) {
    const verb = Reflect.get(Reflect.get(context, name), 'anything') as () => Promise<unknown>
    const refused = await verb().catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`features: { ${name}: false }`),
    })
  }
})

test('a node that is started again finds what its features kept, and stops without a word of complaint', async () => {
  await using world = await startWorld({ app: watching([]) })
  await world.restarts()
  expect((await world.asks('/look', { as: 'ann' })).status).toBe(204)
})

test('an application’s own numbers are told beside the server’s; one that cannot be read takes no other away', async () => {
  const app = defineApp({
    rooms: { lobby: { events: {}, access: 'tenant' } },
    metrics: {
      websocket_messages_total: { kind: 'counter', help: 'Messages.', read: () => 7 },
      websocket_rooms_active: { kind: 'gauge', help: 'Rooms.', read: ({ rooms }) => rooms },
      websocket_sessions: { kind: 'gauge', help: 'Sessions.', read: ({ sessions }) => sessions },
      broken: {
        kind: 'gauge',
        help: 'Never.',
        read: () => {
          throw new Error('no')
        },
      },
      negative_total: { kind: 'counter', help: 'Below nothing.', read: () => -1 },
    },
  })
  await using world = await startWorld({ app })
  const ann = await world.person('ann')
  await ann.joins('lobby')
  const text = await (await world.asks('/metrics')).text()
  expect(text).toContain('# HELP websocket_messages_total Messages.\n# TYPE websocket_messages_total counter')
  expect(text).toMatch(/^websocket_messages_total 7$/m)
  expect(text).toMatch(/^websocket_rooms_active 1$/m)
  expect(text).toMatch(/^websocket_sessions 1$/m)
  expect(text).toMatch(/^broken Nan$/im)
  expect(text).toMatch(/^fanfare_sessions 1$/m)
})
