/** What no client of Socket.IO would send: 20,000 packets and bodies, good and damaged, and each hole that was found in the stock libraries. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { attacks, isHarmed } from '../support/socketio-attacks.ts'
import { fuzz } from '../support/socketio-fuzz.ts'
import { unlimitedEnvironment } from '../support/unlimited.ts'

const app = fileURLToPath(new URL('../../examples/socketio-conformance/app.ts', import.meta.url))
const megabyte = 1024 * 1024

let server: ServerProcess

beforeAll(async () => {
  server = await startServerProcess({ app, environment: unlimitedEnvironment })
})
afterAll(() => server?.[Symbol.asyncDispose]())

for (const { id, title, run } of attacks) {
  test(`${id}: ${title}`, async () => {
    const before = await server.resident()
    expect(await run({ url: server.url })).toBeUndefined()
    expect(await isHarmed({ url: server.url })).toBeUndefined()
    expect((await server.resident()) - before).toBeLessThan(150 * megabyte)
  }, 30_000)
}

test('20,000 packets and bodies: good ones are answered, bad ones end their connection, nothing else happens', async () => {
  const { faults, closed } = await fuzz({
    place: { url: server.url },
    packets: 18_000,
    payloads: 2_000,
    seed: Date.now(),
  })
  expect(faults.slice(0, 20)).toEqual([])
  expect(closed).toBeGreaterThan(1_000)
  expect(await server.resident()).toBeLessThan(600 * megabyte)
}, 60_000)
