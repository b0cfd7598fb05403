/** PostgreSQL goes away under a node, and comes back: what needs it is refused at once, everything else goes on. */
import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { FanfareError, type Json } from '@fanfare/protocol'
import { type Actor, startServerProcess } from '@fanfare/testkit'
import { startPostgres } from '../../packages/server/src/store/postgres.world.ts'

const app = fileURLToPath(new URL('../support/chat-app.ts', import.meta.url))
const room = 'kill-0'

const ask = (actor: Actor, name: string, input: Json): Promise<Json> => actor.asks({ type: 'command', name, input })
const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'done',
    (error: unknown) => (error instanceof FanfareError ? error.code : String(error)),
  )
const say = (actor: Actor, text: string) => ask(actor, 'message:send', { roomId: room, text, key: text })
/** Unanswered for good once the link has ended. */
const saying = (actor: Actor, text: string): Promise<string> =>
  Promise.race([codeOf(say(actor, text)), actor.closed.then(() => 'cut off')])
const texts = (actor: Actor): readonly unknown[] =>
  actor.heard.flatMap(({ data }) => (data as { readonly message?: { readonly text: string } }).message?.text ?? [])

test('R-23: without PostgreSQL sends are refused at once and nothing else ends; with it again all goes on, once and in order', async () => {
  await using postgres = await startPostgres()
  const { url } = await postgres.database()
  await using server = await startServerProcess({ app, environment: { FANFARE_DATABASE_URL: url } })
  const [ann, bob] = [await server.person('ann'), await server.person('bob')]
  await bob.joins(`chat:${room}`)
  await say(ann, 'before')
  await postgres.kill()

  const began = performance.now()
  expect(await codeOf(Promise.all(['one', 'two', 'three'].map((text) => say(ann, text))))).toBe('unavailable')
  for (const command of ['chat:list', 'inbox:list']) expect(await codeOf(ask(bob, command, {}))).toBe('unavailable')
  const cem = await server.person('cem')
  await cem.joins('lobby')
  expect(await codeOf(cem.joins(`chat:${room}`))).toBe('unavailable')
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  expect(performance.now() - began).toBeLessThan(2_000)
  // Answers are shared for a second.
  for (let store = 'ok'; store === 'ok'; await Bun.sleep(50)) {
    const ready = await fetch(`${server.url}/ready`)
    expect(ready.status).toBe(200)
    store = ((await ready.json()) as { readonly store: string }).store
  }

  await postgres.restart()
  for (let tries = 0; (await codeOf(say(ann, 'one'))) !== 'done' && tries < 100; tries++) await Bun.sleep(50)
  for (const text of ['two', 'one', 'three']) await say(ann, text)
  for (let tries = 0; texts(bob).length < 4 && tries < 100; tries++) await Bun.sleep(50)
  expect(texts(bob)).toEqual(['before', 'one', 'two', 'three'])
  const first = bob.heard[0]!.offset
  expect(bob.heard.map(({ offset }) => offset - first)).toEqual([0, 1, 2, 3])
}, 30_000)

test('a node that is told to stop while PostgreSQL is away ends in good order', async () => {
  await using postgres = await startPostgres()
  const { url } = await postgres.database()
  await using server = await startServerProcess({ app, environment: { FANFARE_DATABASE_URL: url } })
  const ann = await server.person('ann')
  await say(ann, 'before')
  await postgres.kill()
  const began = performance.now()
  const [code, refused] = await Promise.all([server.stop(), saying(ann, 'while it stops')])
  expect(code).toBe(0)
  expect(refused).not.toBe('done')
  expect(performance.now() - began).toBeLessThan(15_000)
}, 30_000)

test('a node that is told to stop in the middle of sends keeps what it acknowledged', async () => {
  await using postgres = await startPostgres()
  const { url } = await postgres.database()
  await using server = await startServerProcess({ app, environment: { FANFARE_DATABASE_URL: url } })
  const ann = await server.person('ann')
  const numbers = Array.from({ length: 40 }, (_, index) => String(index))
  const sent = numbers.map((text) => saying(ann, text))
  await Promise.race(sent)
  expect(await server.stop()).toBe(0)
  const acknowledged = (await Promise.all(sent)).flatMap((code, index) => (code === 'done' ? numbers[index]! : []))
  expect(acknowledged.length).toBeGreaterThan(0)
  await server.start()
  const page = (await ask(await server.person('ann'), 'chat:messages', { roomId: room, limit: 100 })) as unknown as {
    readonly messages: readonly { readonly text: string }[]
  }
  const kept = page.messages.map(({ text }) => text)
  expect(acknowledged.filter((text) => !kept.includes(text))).toEqual([])
  expect(new Set(kept).size).toBe(kept.length)
}, 30_000)
