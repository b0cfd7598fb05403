import { expect, test } from 'bun:test'
import { openActor } from './connect.world.ts'
import { startProxy } from './proxy.world.ts'
import { eventually, kept, startRedis } from './servers.world.ts'

/**
 * One write at a time, as a lane does: each waits for the answer of the one before, or for its failure. What the failed ones
 * left on their way must never be done after a later one.
 */
test('what was given up is done before what came later, or never: through hangs, cuts, swallowed answers and two connections', async () => {
  await using server = await startRedis({ directives: kept })
  await using replica = await startRedis({ directives: [...kept, ['replicaof', server.host, String(server.port)]] })
  await eventually('the replica follows', async () =>
    String(await replica.call('INFO', 'replication')).includes('master_link_status:up'),
  )
  await using proxy = await startProxy(server.port)
  await using node = await openActor(proxy.url)
  const taken: number[] = []
  let failed = 0
  let over = false
  const writing = (async () => {
    for (let write = 1; !over; write++) {
      try {
        await node.say('room', String(write), { timeoutMs: 150, replicas: write % 3 === 0 ? 1 : 0 })
        taken.push(write)
      } catch {
        failed++
        await Bun.sleep(1)
      }
    }
  })()
  const troubles = [
    () => server.pause(),
    () => proxy.swallow('down', 'open'),
    // What is on its way arrives long after its connection was given up.
    () => {
      proxy.delay('up', 1_200)
      setTimeout(() => proxy.mend(), 200)
    },
    () => void server.call('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {}),
    () => proxy.cut(),
    () => proxy.swallow('up', 'open'),
  ]
  for (const trouble of troubles) {
    trouble()
    await Bun.sleep(600)
    server.resume()
    proxy.mend()
    await Bun.sleep(300)
    // A connection that is half open is found out by silence.
    const before = taken.length
    await eventually('writes are taken again', async () => taken.length > before + 20, 5_000)
  }
  over = true
  await writing
  await Bun.sleep(500)
  const list = ((await server.call('LRANGE', node.at('room').list, 0, -1)) as string[]).map(Number)
  expect(list).toEqual(list.toSorted((one, other) => one - other))
  expect(new Set(list).size).toBe(list.length)
  expect(taken.filter((write) => !list.includes(write))).toEqual([])
  expect(taken.length).toBeGreaterThan(100)
  expect(failed).toBeGreaterThan(5)
  expect(taken.at(-1)).toBeGreaterThan(failed)
}, 30_000)
