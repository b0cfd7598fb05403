/** Stock clients that connect over polling and move to WebSockets while a room is busy and while they emit: looks for what is lost, doubled or out of order. */

import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@fanfare/testkit'
import { type Client, openClient } from '../journeys/clients/socketio.ts'
import { unlimitedEnvironment } from './unlimited.ts'

export type UpgradeOptions = {
  readonly clients: number
  /** How often all of them connect anew. */
  readonly rounds: number
  /** Publishes to the room. */
  readonly perSecond: number
}
export type Upgraded = {
  /** Clients that ended on a WebSocket, over all rounds. */
  readonly upgraded: number
  /** Events that clients heard in the room. */
  readonly events: number
  /** Emits of clients that were acknowledged. */
  readonly acknowledged: number
  readonly faults: readonly string[]
}

const app = fileURLToPath(new URL('socketio-practice.ts', import.meta.url))
const room = 'ward:busy'
const emitsEach = 40

type Watched = { readonly client: Client; readonly counted: number[]; readonly echoed: number[]; acknowledged: number }

export const upgradeUnderTraffic = async ({ clients, rounds, perSecond }: UpgradeOptions): Promise<Upgraded> => {
  await using server = await startServerProcess({ app, environment: unlimitedEnvironment })
  const totals = { upgraded: 0, events: 0, acknowledged: 0 }
  const faults: string[] = []
  const traffic = await startTraffic(server, perSecond)
  for (let round = 0; round < rounds; round++) {
    const watched = await Promise.all(Array.from({ length: clients }, (_, index) => watch(server, `user-${index}`)))
    for (const one of watched) {
      totals.upgraded += one.client.transport === 'websocket' ? 1 : 0
      totals.events += one.counted.length
      totals.acknowledged += one.acknowledged
      faults.push(...faultsOf(one))
      one.client[Symbol.dispose]()
    }
  }
  await traffic()
  return { ...totals, faults }
}

/** Publishes numbers until the function that it gives is called. */
const startTraffic = async (server: ServerProcess, perSecond: number): Promise<() => Promise<void>> => {
  const teller = await server.person('teller')
  let n = 0
  let isOver = false
  const run = async () => {
    const began = performance.now()
    while (!isOver) {
      const due = ((performance.now() - began) / 1_000) * perSecond
      while (n < due) teller.sends({ type: 'publish', room, event: 'counted', data: { n: ++n } })
      await Bun.sleep(5)
    }
  }
  const running = run()
  return async () => {
    isOver = true
    await running
    await teller.goes()
  }
}

/** One client from its first poll until all its emits came back on the WebSocket. */
const watch = async (server: ServerProcess, userId: string): Promise<Watched> => {
  const client = await openClient({ url: server.url, token: server.token(userId), timeout: 30_000 })
  const watched: Watched = { client, counted: [], echoed: [], acknowledged: 0 }
  const { socket } = client
  socket.on('counted', ({ n }: { n: number }) => watched.counted.push(n))
  socket.on('said', (n: number) => watched.echoed.push(n))
  await client.connected(30_000)
  // From here on the upgrade is under way: some of these leave on each transport.
  void client.asks('join', room)
  for (let n = 0; n < emitsEach; n++) {
    socket.emit('say to me', n)
    socket.emit('ask', n, (answer: number) => {
      if (answer === watched.acknowledged) watched.acknowledged++
    })
    if (n % 4 === 0) await Bun.sleep(1)
  }
  await client.until('the upgrade', () => client.transport === 'websocket', 30_000)
  const isDone = () => watched.acknowledged === emitsEach && watched.echoed.length >= emitsEach
  await client.until('every answer', isDone, 30_000).catch(() => {})
  return watched
}

const faultsOf = ({ client, counted, echoed, acknowledged }: Watched): readonly string[] => {
  const faults: string[] = []
  const name = client.socket.id ?? 'a client that is not connected'
  if (acknowledged !== emitsEach)
    faults.push(`${name}: ${acknowledged} of ${emitsEach} emits were acknowledged in order`)
  if (echoed.length !== emitsEach || echoed.some((n, index) => n !== index)) {
    faults.push(`${name}: its own emits came back as ${echoed.join(' ')}`)
  }
  counted.forEach((n, index) => {
    const before = counted[index - 1]
    if (before !== undefined && n !== before + 1) faults.push(`${name}: ${n} came after ${before}`)
  })
  if (client.left.length > 0) faults.push(`${name} was cut off: ${client.left.join(', ')}`)
  return faults
}
