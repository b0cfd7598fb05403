import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import type { PlainRule } from '../../app/socketio.ts'
import { silentLog } from '../../lib/log.ts'
import type { Services } from '../services.ts'
import type { EngineLink } from './engine-port.ts'
import { PlainConnection } from './plain-connection.ts'

/** A link that remembers, and as much of a node as a plain connection needs. */
const open = (rule: Partial<PlainRule>, { frames = 10, unsent = 0 } = {}) => {
  const said: (string | Uint8Array)[] = []
  const link = {
    id: 'one',
    handshake: { headers: new Headers(), query: new URLSearchParams(), address: '', origin: undefined, openedAt: 0 },
    write: (messages) => said.push(...messages),
    writeAlone: (message) => said.push(message),
    buffered: () => unsent,
    close: (reason) => said.push(`closed: ${reason}`),
    terminate: () => said.push('terminated'),
  } satisfies EngineLink
  const logged: unknown[] = []
  let left = frames
  const services = {
    limits: { outboxBytes: 1_000 },
    metrics: { add: () => {} },
    log: { ...silentLog, error: (about: unknown) => logged.push(about) },
    quotas: {
      link: () => ({
        bytes: () => {},
        frame: () => {
          if (left-- === 0) throw new FanfareError('rate_limited')
        },
      }),
    },
  } as unknown as Services
  const whole: PlainRule = { path: '/engine.io', connect: undefined, disconnect: undefined, message: () => {}, ...rule }
  return { said, logged, connection: new PlainConnection(services, whole, link) }
}

test('the application hears who comes, what they say and why they go, and answers with text or bytes', () => {
  const heard: unknown[] = []
  const { connection, said } = open({
    connect: (socket) => heard.push(socket.id),
    message: (socket, data) => {
      heard.push(data)
      socket.send(data)
    },
    disconnect: (_, reason) => heard.push(reason),
  })
  connection.receive('hello')
  connection.receive(Uint8Array.of(1))
  connection.closed('transport close')
  expect(heard).toEqual(['one', 'hello', Uint8Array.of(1), 'transport close'])
  expect(said).toEqual(['4hello', Uint8Array.of(1)])
})

test('who sends too much is cut off, and nothing more of it reaches the application', () => {
  const heard: unknown[] = []
  const { connection, said } = open({ message: (_, data) => heard.push(data) }, { frames: 1 })
  for (const text of ['one', 'two']) connection.receive(text)
  expect([heard, said]).toEqual([['one'], ['closed: forced close']])
})

test('who reads too little is cut off', () => {
  const { connection, said } = open({ message: (socket, data) => socket.send(data) }, { unsent: 1_001 })
  connection.receive('more')
  expect(said.at(-1)).toBe('terminated')
})

test('what the application throws is logged, and ends the link', async () => {
  const { connection, said, logged } = open({
    message: () => {
      throw new Error('of the application')
    },
  })
  connection.receive('hello')
  await Promise.resolve()
  expect(logged).toHaveLength(1)
  expect(said).toEqual(['closed: forced close'])
})

test('messages are handled one after another, however long each takes', async () => {
  const gate = Promise.withResolvers<void>()
  const heard: unknown[] = []
  const message = async (_: unknown, data: unknown) => {
    heard.push(data)
    await gate.promise
  }
  const { connection, said } = open({ message }, { frames: 10_000 })
  for (let count = 0; count < 20; count++) connection.receive(String(count))
  expect(heard).toEqual(['0'])
  gate.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  expect(heard).toEqual(Array.from({ length: 20 }, (_, count) => String(count)))
  expect(said).toEqual([])
})

test('more messages than may wait end the link', () => {
  const { connection, said } = open({ message: () => new Promise(() => {}) }, { frames: 10_000 })
  for (let count = 0; count < 1_000; count++) connection.receive('x')
  expect(said).toEqual([])
  connection.receive('one too many')
  expect(said).toEqual(['closed: forced close'])
})
