/** A TCP proxy of ours for tests: what passes is delayed, swallowed or cut, each way by itself. */
import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'

/** `up`: from the client to the server. */
export type Way = 'up' | 'down'

export type Proxy = AsyncDisposable & {
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** Delays what comes this way by so many ms, from now on; what is delayed already stays so. */
  delay(way: Way, ms: number): void
  /**
   * Swallows what passes this way, and says nothing of it. `open`: only of the connections that are there now, which stay
   * deaf for ever; `all`: of every connection, those to come too, until `mend`.
   */
  swallow(way: Way, which: 'open' | 'all'): void
  /** No more delays, no more swallowing, new connections again. */
  mend(): void
  /** Ends all connections, without a word. */
  cut(): void
  /** Refuses new connections and cuts those that are there, until `mend`. */
  refuse(): void
  /** Connections that are open now. */
  readonly connections: number
}

type Pair = { readonly client: Socket; readonly server: Socket; readonly deaf: Set<Way> }

/** @param port of the server on 127.0.0.1 behind it */
export const startProxy = async (port: number): Promise<Proxy> => {
  const pairs = new Set<Pair>()
  const delays = { up: 0, down: 0 }
  const swallowing = new Set<Way>()
  let refusing = false

  const pass = (pair: Pair, way: Way, from: Socket, to: Socket) => {
    let due = 0
    /** After the delay, and never before what came before it. */
    const inTurn = (work: () => void) => {
      due = Math.max(due, performance.now() + delays[way])
      if (due <= performance.now()) work()
      else setTimeout(work, due - performance.now())
    }
    from.on('data', (bytes) => {
      if (pair.deaf.has(way) || swallowing.has(way)) return
      inTurn(() => to.writable && to.write(bytes))
    })
    from.on('error', () => {})
    from.on('close', () => {
      pairs.delete(pair)
      // An end passes as bytes do: where they are swallowed, the other side hears nothing of it.
      if (!pair.deaf.has(way) && !swallowing.has(way)) inTurn(() => to.destroy())
    })
  }
  const listener = createServer((client) => {
    if (refusing) return void client.destroy()
    const server = dial({ host: '127.0.0.1', port, noDelay: true })
    client.setNoDelay(true)
    const pair: Pair = { client, server, deaf: new Set() }
    pairs.add(pair)
    pass(pair, 'up', client, server)
    pass(pair, 'down', server, client)
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('a listening server has no port')
  const cut = () => {
    for (const { client, server } of pairs) {
      client.destroy()
      server.destroy()
    }
  }
  return {
    port: address.port,
    url: `redis://127.0.0.1:${address.port}`,
    get connections() {
      return pairs.size
    },
    delay(way, ms) {
      delays[way] = ms
    },
    swallow(way, which) {
      if (which === 'all') swallowing.add(way)
      else for (const { deaf } of pairs) deaf.add(way)
    },
    mend() {
      swallowing.clear()
      delays.up = delays.down = 0
      refusing = false
    },
    cut,
    refuse() {
      refusing = true
      cut()
    },
    async [Symbol.asyncDispose]() {
      cut()
      listener.close()
      await once(listener, 'close')
    },
  }
}
