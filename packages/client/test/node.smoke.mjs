// The client on Node, from its TypeScript source, against a running server. Give FANFARE_URL and FANFARE_TOKEN; optionally
// FANFARE_ROOM, FANFARE_EVENT and FANFARE_DATA (JSON) to publish and hear an event, and FANFARE_TRANSPORT=event-stream.
import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { createClient } from '../src/index.ts'

const {
  FANFARE_URL: url,
  FANFARE_TOKEN: token,
  FANFARE_ROOM: name,
  FANFARE_EVENT: type,
  FANFARE_DATA: data,
} = process.env
assert(url && token, 'Set FANFARE_URL and FANFARE_TOKEN.')
const withoutSockets = process.env.FANFARE_TRANSPORT === 'event-stream'
const options = { url, token, ...(withoutSockets ? { surroundings: { WebSocket: undefined } } : {}) }

/** Resolves when the store holds what is wanted. */
const until = (store, wanted) =>
  new Promise((resolve) => {
    const look = () => {
      if (!wanted(store.getSnapshot())) return
      stop()
      resolve(store.getSnapshot())
    }
    const stop = store.subscribe(look)
    look()
  })

test('connects, says so, and closes', { timeout: 10_000 }, async () => {
  await using client = createClient(options)
  assert.equal(client.state.getSnapshot().status, 'idle')
  client.connect()
  const state = await until(client.state, ({ status }) => status === 'connected' || status === 'closed')
  assert.equal(state.status, 'connected', state.error?.message)
  assert.equal(state.transport, withoutSockets ? 'event-stream' : 'websocket')
  await client.close()
  assert.deepEqual(client.state.getSnapshot(), { status: 'closed' })
})

test('a token that is none is refused for good', { timeout: 10_000 }, async () => {
  await using client = createClient({ ...options, token: 'not-a-token' })
  const history = Promise.resolve(client.room(name ?? 'any').history())
  await assert.rejects(history, { name: 'FanfareError', code: 'unauthenticated' })
  assert.equal(client.state.getSnapshot().status, 'closed')
})

test('hears what it publishes, once, and finds it in history', {
  timeout: 10_000,
  skip: name && type ? false : 'FANFARE_ROOM and FANFARE_EVENT are not set',
}, async () => {
  await using client = createClient(options)
  const room = client.room(name)
  const heard = []
  const events = Promise.withResolvers()
  room.onAny((event) => {
    heard.push(event)
    events.resolve()
  })
  await room.subscribed
  const published = await room.publish(type, JSON.parse(data ?? 'null'))
  await events.promise
  assert.deepEqual(
    heard.map(({ id }) => id),
    [published.id],
  )
  const page = await room.history({ limit: 1 })
  assert.equal(page.events[0].id, published.id)
})
