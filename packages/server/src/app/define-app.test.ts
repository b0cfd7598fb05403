import { expect, test } from 'bun:test'
import { z } from 'zod'
import type { User } from '../model/identity.ts'
import type { AppContext } from './context.ts'
import { command, defineApp } from './define-app.ts'
import type { AppDescription } from './description.ts'

const said = z.object({ text: z.string() })
const lobby = { events: { said }, access: 'tenant' } as const
/** Rules that look nothing up are asked without. */
const nowhere = {} as AppContext
const ann: User = {
  id: 'ann',
  tenantId: 'mercy',
  roles: [],
  claims: {},
  is: () => false,
  may: (action, resource, id) => action === 'read' && resource === 'patient' && id === '42',
}

/** What the author of a description that is wrong gets to read. */
const mistakes = (description: unknown): string => {
  try {
    defineApp(description as AppDescription)
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

test('a description with nothing but rooms is enough', () => {
  const app = defineApp({ rooms: { lobby } })
  expect(app.patterns.map(({ pattern }) => pattern)).toEqual(['lobby'])
  expect(app.routes).toEqual([])
  expect(app.onStart).toBeUndefined()
})

test('access is asked with the parameters of the name; publishing is the server’s unless it is given', async () => {
  const app = defineApp({
    rooms: {
      'patient:{id}': { events: { said }, access: ({ user, params }) => user.may('read', 'patient', params.id) },
      lobby: { ...lobby, publish: 'tenant' },
    },
  })
  const ask = (name: string, action: 'subscribe' | 'publish') => {
    const { rule, params } = app.room('mercy', name)
    return (action === 'publish' ? rule.publish : rule.access)({
      user: ann,
      params,
      room: name,
      action,
      context: nowhere,
    })
  }
  expect(await ask('patient:42', 'subscribe')).toBe(true)
  expect(await ask('patient:43', 'subscribe')).toBe(false)
  expect(await ask('patient:42', 'publish')).toBe(false)
  expect(await ask('lobby', 'subscribe')).toBe(true)
  expect(await ask('lobby', 'publish')).toBe(true)
})

test('log, presence and slow-reader policies are filled in', () => {
  const app = defineApp({
    rooms: {
      plain: lobby,
      kept: { ...lobby, log: { keep: 5, for: '24h', durable: true }, presence: true },
      partly: { ...lobby, log: { durable: true }, presence: { grace: '1s', state: said } },
      safe: { ...lobby, log: { durable: true, acks: 'replicas' } },
      archived: { ...lobby, log: { keep: 5, archive: '30d' } },
      forever: { ...lobby, log: { archive: 'forever' } },
      live: { ...lobby, log: 'none', slow: { conflate: (event) => event.data.text } },
    },
  })
  const room = (name: string) => app.room('mercy', name)
  expect(room('plain').rule).toMatchObject({ presence: undefined, slow: 'resume' })
  expect(room('kept').log).toEqual({ keep: 5, forMs: 86_400_000, durable: true })
  expect(room('kept').rule.presence).toEqual({ graceMs: 15_000, state: undefined })
  expect(room('partly').log).toEqual({ keep: 100, forMs: 300_000, durable: true })
  expect(room('partly').rule.presence).toEqual({ graceMs: 1_000, state: said })
  expect(room('safe').log).toEqual({ keep: 100, forMs: 300_000, durable: true, acks: 'replicas' })
  expect(room('archived').log).toEqual({ keep: 5, forMs: 300_000, durable: false, archive: { forMs: 30 * 86_400_000 } })
  expect(room('forever').log.archive).toEqual({ forMs: Number.POSITIVE_INFINITY })
  expect(room('live').log).toEqual({ keep: 0, forMs: 0, durable: false })
  expect(room('live').rule.slow).toHaveProperty('conflate')
})

test('commands, reactions and routes are found by name', () => {
  const handle = () => 'done'
  const react = () => {}
  const app = defineApp({
    rooms: { lobby },
    commands: { 'message:send': command(said, handle) },
    on: { said: react },
    routes: { 'GET /beds/{bedId}/x': handle, 'POST /login': { auth: 'none', handle } },
  })
  expect(app.command('message:send')).toEqual({ name: 'message:send', input: said, handle })
  expect(app.reactions('said')).toEqual([{ owner: '', react }])
  expect(app.reactions('other')).toEqual([])
  expect(app.routes).toEqual([
    { owner: '', method: 'GET', path: '/beds/:bedId/x', auth: 'user', handle },
    { owner: '', method: 'POST', path: '/login', auth: 'none', handle },
  ])
})

test('what follows from an end is kept; what would never run is refused', () => {
  const gone = () => {}
  expect(defineApp({ rooms: { lobby } }).lifecycle).toEqual({ 'user.offline': [], 'room.vacated': [] })
  expect(defineApp({ rooms: { lobby }, lifecycle: { 'user.offline': gone } }).lifecycle).toEqual({
    'user.offline': [{ owner: '', handle: gone }],
    'room.vacated': [],
  })
  const wrong = { 'user.left': gone, 'room.vacated': 'later' }
  const complaint = mistakes({ rooms: { lobby }, lifecycle: wrong })
  expect(complaint).toContain("lifecycle['user.left']: there is user.offline and room.vacated; this would never run.")
  expect(complaint).toContain("lifecycle['room.vacated']: give a function (context, ended) => ….")
  expect(mistakes({ rooms: { lobby }, lifecycle: 'no' })).toContain('lifecycle: give {')
})

const withEndpoints = defineApp({
  rooms: {
    'patient:{patientId}': lobby,
    'patient:{patientId}:vitals': lobby,
    'device:{kind}:{id}': lobby,
    feed: lobby,
  },
  endpoints: {
    '/ws': { subscribe: ['feed'] },
    '/ws/patient/{patient}': { subscribe: ['patient:{patient}', 'patient:{patient}:vitals'], tokenInQuery: true },
    '/ws/patient/pumps': { subscribe: ['device:pump:1'] },
    '/ws/{kind}/{id}': { subscribe: ['device:{kind}:{id}'] },
  },
})

test('a path opens the rooms of its endpoint, filled from its parts', () => {
  expect(withEndpoints.endpoint('/ws')).toMatchObject({ params: {}, rooms: ['feed'] })
  expect(withEndpoints.endpoint('/ws/patient/42')).toMatchObject({
    params: { patient: '42' },
    rooms: ['patient:42', 'patient:42:vitals'],
    rule: { path: '/ws/patient/{patient}', tokenInQuery: true },
  })
  expect(withEndpoints.endpoint('/ws/patient/pumps')!.rooms).toEqual(['device:pump:1'])
  expect(withEndpoints.endpoint('/ws/pump/7')!.rooms).toEqual(['device:pump:7'])
  expect(withEndpoints.endpoint('/ws/patient/J%C3%BCrgen')!.rooms[0]).toBe('patient:Jürgen')
})

test.each([
  '/',
  '/ws/',
  '/ws/patient/',
  '/ws/patient/42/',
  '/ws/patient/42:vitals',
  '/ws/patient/42%3Avitals',
  '/ws/patient/a%2Fb',
  '/ws/patient/%zz',
])('%s is no endpoint', (path) => {
  expect(withEndpoints.endpoint(path)).toBeUndefined()
})

test.each<[unknown, string]>([
  [{ rooms: {} }, 'rooms: describe at least one room'],
  [{ rooms: { 'a::b': lobby } }, "rooms['a::b']: A part of a room name"],
  [{ rooms: { 'a-{id}': lobby } }, 'is no segment: write literal text, or one {parameter}'],
  [{ rooms: { 'a b': lobby } }, "rooms['a b']: A room name has letters"],
  [{ rooms: { 'a:{x}': lobby, 'a:{y}': lobby } }, "under 'a:{x}', and neither is more specific"],
  [{ rooms: { a: { events: { said } } } }, "rooms['a'].access: say who may read"],
  [{ rooms: { a: { ...lobby, publish: 'anyone' } } }, "rooms['a'].publish: give 'server', 'tenant' or a rule"],
  [{ rooms: { a: { ...lobby, log: { for: '5 minutes' } } } }, 'rooms[\'a\'].log: `for` is "5 minutes"; write'],
  [{ rooms: { a: { ...lobby, log: { acks: 'all' } } } }, '`acks` is "all"; give'],
  [
    { rooms: { a: { ...lobby, log: { archive: 'always' } } } },
    '`archive` is "always"; write \'forever\' or a duration',
  ],
  [{ rooms: { a: { ...lobby, log: { archive: '30s' } } } }, '`archive` is "30s"; write \'forever\' or a duration'],
  [{ rooms: { a: { ...lobby, log: { keep: 0 } } } }, "for none write log: 'none'"],
  [{ rooms: { a: { ...lobby, presence: { grace: 'long' } } } }, 'rooms[\'a\'].presence: `grace` is "long"'],
  [{ rooms: { a: { ...lobby, slow: 'drop' } } }, "rooms['a'].slow: give 'resume' or"],
  [{ rooms: { a: { access: 'tenant' } } }, '`events` is missing'],
  [{ rooms: { a: { ...lobby, events: { said: { text: 'string' } } } } }, "events['said']: give a Standard Schema"],
  [{ rooms: { a: { ...lobby, events: { connected: said } } } }, 'event streams use this name themselves'],
  [{ rooms: { a: { ...lobby, events: { 'a\nb': said } } } }, 'a name is 1 to 128 of'],
  [{ rooms: { lobby }, commands: { go: { input: said } } }, "commands['go']: write command(schema, handler)"],
  [{ rooms: { lobby }, on: { shouted: () => {} } }, "on['shouted']: no room has an event of this type"],
  [{ rooms: { lobby }, endpoints: { ws: {} } }, "endpoints['ws']: a path begins with /"],
  [{ rooms: { lobby }, endpoints: { '/v1/websocket': {} } }, 'the server answers at this path itself'],
  [{ rooms: { lobby }, endpoints: { '/a/{x}': {}, '/a/{y}': {} } }, "a path can be this and '/a/{x}'"],
  [{ rooms: { lobby }, endpoints: { '/a': { subscribe: ['hall'] } } }, "'hall' falls under no room"],
  [
    { rooms: { 'p:{id}': lobby }, endpoints: { '/a': { subscribe: ['p:{id}'] } } },
    'but the path has no such parameter',
  ],
  [{ rooms: { 'p:a': lobby }, endpoints: { '/{x}': { subscribe: ['p:{x}'] } } }, "'p:{x}' falls under no room"],
  [{ rooms: { lobby }, routes: { '/beds': () => 1 } }, "routes['/beds']: write a method"],
  [{ rooms: { lobby }, routes: { 'GET /a/{x}': () => 1, 'GET /a/:y': () => 1 } }, 'answers the same requests'],
  [
    { rooms: { lobby }, routes: { 'GET /a': { auth: 'some', handle: () => 1 } } },
    "give a handler, { auth: 'none', handle } or serverRoute(",
  ],
])('says what to change: case %#', (description, message) => {
  expect(mistakes(description)).toContain(message)
})

test('every mistake is told at once', () => {
  const told = mistakes({ rooms: { 'a b': lobby, c: { events: {} } }, on: { shouted: () => {} } })
  expect(told.split('\n')).toHaveLength(4)
  expect(told).toStartWith('The application’s description has 3 mistakes:'.replace('’', "'"))
})
