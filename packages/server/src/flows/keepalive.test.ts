import { expect, test } from 'bun:test'
import { defaultLimits } from '@fanfare/protocol'
import { Flusher } from '../hub/flusher.ts'
import type { Link } from '../hub/link.ts'
import { Session } from '../hub/session.ts'
import { fakeClock } from '../lib/fake-clock.ts'
import { silentLog } from '../lib/log.ts'
import { noMetrics } from '../lib/metrics.ts'
import type { Identity, User } from '../model/identity.ts'
import { decodeLimits, nativeDialect } from '../wire/native.ts'
import { Keepalive } from './keepalive.ts'
import type { Services } from './services.ts'

const stage = () => {
  const clock = fakeClock()
  const happened: string[] = []
  const link = { held: 0 }
  const port: Link = {
    kind: 'websocket',
    write: (frames) => happened.push(...frames.map(String)),
    buffered: () => link.held,
    close: (code) => happened.push(`closed ${code}`),
    terminate: () => happened.push('terminated'),
  }
  const ticks: (() => void)[] = []
  const identity = { tenantId: 'acme', userId: 'ann', expiresAt: Number.POSITIVE_INFINITY } as Identity
  const dialect = nativeDialect(decodeLimits(defaultLimits))
  const flusher = new Flusher((run) => ticks.push(run))
  const home = { clock, flusher, limits: defaultLimits, log: silentLog, metrics: noMetrics }
  const session = new Session({ home, id: 's', identity, user: {} as User, link: port, dialect, openedAt: 0 })
  const { outbox } = session
  const hub = { sessions: new Map([['s', session]]) }
  const services = { ...home, hub } as unknown as Services
  const keepalive = new Keepalive(services)
  const holds = (bytes: number) => {
    link.held = bytes
    outbox.linkBytes()
  }
  const tick = () => {
    for (const run of ticks.splice(0)) run()
  }
  return { clock, happened, holds, keepalive, link, outbox, tick }
}

test('a reader whose bytes stand still is closed after the limit, and cut when it does not even take that', async () => {
  const { clock, happened, holds, keepalive } = stage()
  holds(70_000)
  keepalive.beat()
  await clock.advance(defaultLimits.outboxStallMs - 1)
  keepalive.beat()
  expect(happened).toEqual([])
  await clock.advance(1)
  keepalive.beat()
  expect(happened).toEqual(['closed slow_reader'])
  await clock.advance(defaultLimits.pongTimeoutMs)
  expect(happened).toEqual(['closed slow_reader', 'terminated'])
})

test('a reader whose bytes move, however slowly, stays', async () => {
  const { clock, happened, holds, keepalive } = stage()
  for (let bytes = 70_000; bytes > 69_990; bytes--) {
    holds(bytes)
    keepalive.beat()
    await clock.advance(defaultLimits.outboxStallMs - 1)
  }
  expect(happened).toEqual([])
})

test('B4: what waits goes out though the runtime forgot to say that the link had drained', () => {
  const { happened, holds, keepalive, link, outbox, tick } = stage()
  holds(70_000)
  outbox.push('waiting')
  tick()
  expect(happened).toEqual([])
  link.held = 0
  keepalive.beat()
  tick()
  expect(happened).toEqual(['waiting'])
})
