/** Five seconds after its start a node no longer wrote down which reactions were done: Redis kept them all, and a restart ran them again. */
import { expect, test } from 'bun:test'
import { RedisUnreacted } from '../../packages/server/src/engine/redis/unreacted.ts'
import { fakeClock } from '../../packages/server/src/lib/fake-clock.ts'
import { silentLog } from '../../packages/server/src/lib/log.ts'
import { roomKey } from '../../packages/server/src/model/room-key.ts'
import type { Call, Partition, Redis, Reply } from '../../packages/server/src/redis/redis.ts'

const event = (id: string) => {
  const timestamp = '2026-01-01T00:00:00.000Z'
  return { id, type: 'said', tenantId: 'clinic', room: 'ward:1', offset: 1, data: 1, timestamp }
}

const room = roomKey('clinic', 'ward:1')

const unreactedOver = (run: (call: Call, partition: Partition) => Reply, partitions = 1) => {
  const clock = fakeClock()
  const tags = Array.from({ length: partitions }, (_, index): Partition => ({ index, tag: String(index) }))
  const redis = {
    partitions: tags,
    partitionOf: () => tags[0]!,
    key: ({ tag }, ...parts) => `{${tag}}:${parts.join(':')}`,
    run: async (partition, call) => run(call, partition),
  } satisfies Partial<Redis> as unknown as Redis
  return { clock, unreacted: new RedisUnreacted({ redis, node: 'a', clock, log: silentLog }) }
}

test('what is done is written down, however long the node has run', async () => {
  const written: unknown[] = []
  const { clock, unreacted } = unreactedOver(({ script, args }) => {
    if (script.name === 'reacted.lua') written.push(...args)
    return 1
  })
  const stop = unreacted.start()
  for (const id of ['e1', 'e2', 'e3']) {
    unreacted.keep(room, id)
    unreacted.done(event(id))
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(6_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(written).toEqual([`${room}\ne1`, `${room}\ne2`, `${room}\ne3`])
  await stop()
})

test('what was taken from a dead process is given out, though the server failed before all was taken', async () => {
  let asked = 0
  const { unreacted } = unreactedOver(() => {
    if (++asked === 2) throw new Error('away')
    return [1, `${room}\ne1`, `1 1 ${JSON.stringify({ ...event('e1'), offset: undefined })}`]
  })
  expect((await unreacted.list()).map(({ id }) => id)).toEqual(['e1'])
})

test('one server of many that is away keeps no node from its start', async () => {
  const { unreacted } = unreactedOver((_, { index }) => {
    if (index === 0) throw new Error('away')
    return [0]
  }, 2)
  expect(await unreacted.list()).toEqual([])
})
