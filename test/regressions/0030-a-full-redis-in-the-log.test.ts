/** A Redis that refuses wrote a line into the log with every call, and none of them said why. */
import { expect, test } from 'bun:test'
import { append, openActor } from '../../packages/server/src/redis/connect.world.ts'
import { startRedis } from '../../packages/server/src/redis/servers.world.ts'

test('what Redis refuses is told once in a while, with its reason', async () => {
  await using redis = await startRedis()
  const told: unknown[] = []
  const nothing = () => {}
  const log = { debug: nothing, info: nothing, warn: nothing, error: (fields: unknown) => void told.push(fields) }
  await using ann = await openActor(redis.url, { log })
  await redis.call('CONFIG', 'SET', 'maxmemory', 1)
  for (let call = 0; call < 50; call++) {
    await expect(ann.say('room', 'hello')).rejects.toMatchObject({ code: 'unavailable', retry: 'later' })
  }
  expect(told).toEqual([{ reason: expect.stringContaining('OOM command not allowed'), calls: 1 }])
  expect(JSON.stringify(told)).not.toContain(append.sha)
})
