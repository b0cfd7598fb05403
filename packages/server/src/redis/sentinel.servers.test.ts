import { expect, test } from 'bun:test'
import { openActor, until } from './connect.world.ts'
import { startSentinels } from './sentinel.world.ts'

test('whoever the Sentinels say is master is used: after a peaceful change, and after a death', async () => {
  await using watched = await startSentinels()
  await using ann = await openActor(watched.url)
  await using bob = await openActor(watched.url)
  const heard = await bob.listen('room')
  /** Says it until it was taken, as a caller does who is told to come back later. */
  const insist = async (text: string) => {
    const deadline = Date.now() + 15_000
    while ((await ann.say('room', text, { replicas: 0 }).catch(() => undefined)) === undefined) {
      if (Date.now() > deadline) throw new Error(`never taken: ${text}`)
      await Bun.sleep(20)
    }
  }
  expect(await ann.say('room', 'one', { replicas: 1 })).toBe(1)
  await watched.failover()
  const second = await watched.master()
  // Until the Sentinels tell the first one, it takes writes that nobody will have.
  await until('the second is used', () => ann.redis.shards()[0]?.address === `127.0.0.1:${second.port}`, 2_000)
  await insist('two')
  await until('it is heard', () => heard.includes('two'))
  expect(bob.doubts.length).toBeGreaterThan(0)
  const third = watched.servers.find((server) => server !== second)
  for (let tries = 0; tries < 200; tries++) {
    if (String(await third?.call('INFO', 'replication')).includes('master_link_status:up')) break
    await Bun.sleep(50)
  }
  await second.kill()
  await insist('three')
  await until('it is heard', () => heard.includes('three'))
  expect(await ann.list('room')).toEqual(['one', 'two', 'three'])
  await until('all is well', () => ann.redis.shards()[0]?.healthy === true)
}, 40_000)
