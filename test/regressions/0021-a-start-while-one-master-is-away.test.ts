/** A node did not start while the one master was away that carries what nodes tell each other, though all others were there. */
import { expect, test } from 'bun:test'
import { homeTenant, startWorld } from '@fanfare/testkit'
import { startCluster } from '../../packages/server/src/redis/cluster.world.ts'
import { eventually } from '../../packages/server/src/redis/servers.world.ts'
import { slotOf } from '../../packages/server/src/redis/slots.ts'
import { clusterPartitions, partitionFor } from '../../packages/server/src/redis/tags.ts'
import { clinic } from '../support/clinic.ts'

const secret = 'gTq8kXw2Jv5mZr7LpYc4NdHs9BfKe3Ua6TxWiQoMz1E0RjVhGy'

test('a node starts without a master, is not ready, and hears the other nodes once it is back', async () => {
  await using cluster = await startCluster({ directives: [['cluster-require-full-coverage', 'no']] })
  const start = () => startWorld({ app: clinic, config: { redisUrl: cluster.url, secret } })
  const away = await cluster.masterOf(slotOf(partitionFor(clusterPartitions, '7:fanfare|__bus').tag))
  await away.kill()
  await using one = await start()
  const ready = async () => (await one.asks('/ready')).status === 200
  expect(await ready()).toBe(false)

  await away.restart()
  await cluster.whole()
  await eventually('the node is ready', ready)
  await using other = await start()
  const ann = await one.person('ann')
  let ended = false
  void ann.closed.then(() => {
    ended = true
  })
  const { bus } = other.server.services.engine
  await eventually('the node hears of an end', async () => {
    await bus.send({ type: 'disconnect', tenantId: homeTenant, userId: 'ann' })
    return ended
  })
}, 40_000)
