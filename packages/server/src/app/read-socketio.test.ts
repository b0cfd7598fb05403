import { expect, test } from 'bun:test'
import { z } from 'zod'
import { command, defineApp } from './define-app.ts'
import { answerWith, type SocketIoDescription, socketHandler } from './socketio-description.ts'

const define = (socketio: SocketIoDescription) =>
  defineApp({
    rooms: { 'user:{userId}': { events: { mail: z.string() }, access: 'tenant' } },
    commands: { 'note:add': command(z.unknown(), () => undefined) },
    socketio,
  })

test('without a description there is no Socket.IO; with an empty one everything has its default', () => {
  expect(defineApp({ rooms: { lobby: { events: {}, access: 'tenant' } } }).socketio).toBeUndefined()
  expect(define({}).socketio).toMatchObject({
    path: '/socket.io',
    pingIntervalMs: 25_000,
    pingTimeoutMs: 20_000,
    upgradeTimeoutMs: 10_000,
    connectTimeoutMs: 45_000,
    maxPayload: 1_000_000,
    transports: ['polling', 'websocket'],
    serveClient: true,
    recovery: undefined,
    idleTimeoutMs: undefined,
  })
  expect([...(define({}).socketio?.namespaces.keys() ?? [])]).toEqual(['/'])
})

test('names hold in every namespace, and a namespace may have others', () => {
  const rule = define({
    commands: { add: 'note:add' },
    events: { mail: 'post' },
    namespaces: { '/': {}, '/admin': { events: { mail: 'admin post' } } },
  }).socketio
  expect(rule?.namespaces.get('/')?.events.get('mail')).toBe('post')
  expect(rule?.namespaces.get('/admin')?.events.get('mail')).toBe('admin post')
  expect(rule?.namespaces.get('/admin')?.commands.get('add')).toBe('note:add')
})

test('every mistake is found before anything listens', () => {
  const wrong: [SocketIoDescription, string][] = [
    [{ path: 'socket.io' }, 'socketio.path'],
    [{ path: '/v1/socket' }, 'socketio.path'],
    [{ path: '/socket.io/' }, 'socketio.path'],
    [{ pingInterval: '25' as '25s' }, 'socketio.pingInterval'],
    [{ maxPayload: 0 }, 'socketio.maxPayload'],
    [{ transports: [] }, 'socketio.transports'],
    [{ idleTimeout: 'long' as '1s' }, 'socketio.idleTimeout'],
    [{ events: { mail: { name: 'post' } as never } }, "events['mail'] is a name, or"],
    [{ recovery: { for: 'long' as '1s' } }, 'socketio.recovery'],
    [{ commands: { add: 'no such command' } }, "'add' stands for 'no such command'"],
    [{ events: { unknown: 'x' } }, "no room has an event 'unknown'"],
    [{ namespaces: { admin: {} } }, "namespaces['admin']"],
    [{ namespaces: { '/': { subscribe: ['user:{name}'] } } }, '{name}'],
    [{ namespaces: { '/': { subscribe: ['nowhere:{userId}'] } } }, 'falls under no room'],
    [{ namespaces: { '/': { on: { x: 7 as never } } } }, "namespaces['/']"],
  ]
  for (const [description, problem] of wrong) expect(() => define(description)).toThrow(problem)
})

test('a handler that has a schema is given what the schema gives back', async () => {
  const rule = define({
    namespaces: {
      '/': { on: { add: socketHandler(z.tuple([z.number(), z.coerce.number()]), (_, one, two) => one + two) } },
    },
  }).socketio?.namespaces.get('/')
  const handler = rule?.handlers.get('add')
  expect(await handler?.check?.([1, '2'])).toEqual([1, 2])
  expect(() => handler?.check?.(['x'])).toThrow('add')
  expect(answerWith(1, 'two').args).toEqual([1, 'two'])
})

test('plain Engine.IO has a path of its own, and something to do with messages', () => {
  const message = () => {}
  expect(define({ plain: { path: '/engine.io', message } }).socketio?.plain).toMatchObject({
    path: '/engine.io',
    message,
  })
  expect(define({}).socketio?.plain).toBeUndefined()
  for (const path of ['/socket.io', '/', 'engine.io', '/v1/plain']) {
    expect(() => define({ plain: { path, message } })).toThrow('socketio.plain')
  }
})
