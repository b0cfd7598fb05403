/** A TCP proxy of ours for tests: what passes is delayed, swallowed or cut, each way by itself, of all connections or of some. */
import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'

/** `up`: from the client to the server. */
export type Way = 'up' | 'down'

/**
 * Matches what a client said first: of connections that are there and of those that come. Nodes name what a connection is
 * for (`/:subscriber/`, `/:commands/`), replicas say `REPLCONF`.
 */
export type WhoSaid = RegExp

export type Proxy = AsyncDisposable & {
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** Delays what comes this way by so many ms, from now on; what is delayed already stays so. */
  delay(way: Way, ms: number, who?: WhoSaid): void
  /**
   * Swallows what passes this way, and says nothing of it. `open`: only of the connections that are there now, which stay
   * deaf for ever; `all`: of those to come too, until `mend`.
   */
  swallow(way: Way, which: 'open' | 'all', who?: WhoSaid): void
  /** As a gateway that restarts: the server sees an end, the clients that are there hear nothing any more, not even that. */
  forget(who: WhoSaid): void
  /** No more delays, no more swallowing, new connections again. */
  mend(): void
  /** Ends all connections, without a word. */
  cut(): void
  /** Refuses new connections and cuts those that are there, until `mend`. */
  refuse(): void
  /** Connections that are open now. */
  readonly connections: number
}

type Pair = { readonly client: Socket; readonly server: Socket; readonly deaf: Set<Way>; said: string }

const everybody = /(?:)/
/** A name comes in the first words, but perhaps not in the first packet. */
const firstWords = 2_048

/** @param port of the server on 127.0.0.1 behind it */
export const startProxy = async (port: number): Promise<Proxy> => {
  const pairs = new Set<Pair>()
  const delays = new Map<Way, { readonly ms: number; readonly who: WhoSaid }>()
  const swallowing = new Map<Way, WhoSaid>()
  let refusing = false

  const pass = (pair: Pair, way: Way, from: Socket, to: Socket) => {
    let due = 0
    const delay = () => {
      const set = delays.get(way)
      return set?.who.test(pair.said) ? set.ms : 0
    }
    const isSwallowed = () => pair.deaf.has(way) || swallowing.get(way)?.test(pair.said) === true
    /** After the delay, and never before what came before it. */
    const inTurn = (work: () => void) => {
      due = Math.max(due, performance.now() + delay())
      if (due <= performance.now()) work()
      else setTimeout(work, due - performance.now())
    }
    from.on('data', (bytes) => {
      if (way === 'up' && pair.said.length < firstWords) pair.said += bytes.toString('latin1')
      if (isSwallowed()) return
      inTurn(() => to.writable && to.write(bytes))
    })
    from.on('error', () => {})
    from.on('close', () => {
      if (to.destroyed) pairs.delete(pair)
      // An end passes as bytes do: where they are swallowed, the other side hears nothing of it.
      if (!isSwallowed()) inTurn(() => to.destroy())
    })
  }
  const listener = createServer((client) => {
    if (refusing) return void client.destroy()
    const server = dial({ host: '127.0.0.1', port, noDelay: true })
    client.setNoDelay(true)
    const pair: Pair = { client, server, deaf: new Set(), said: '' }
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
    delay(way, ms, who = everybody) {
      delays.set(way, { ms, who })
    },
    swallow(way, which, who = everybody) {
      if (which === 'all') swallowing.set(way, who)
      else for (const { deaf, said } of pairs) if (who.test(said)) deaf.add(way)
    },
    forget(who) {
      for (const { server, deaf, said } of pairs) {
        if (!who.test(said)) continue
        deaf.add('up').add('down')
        server.destroy()
      }
    },
    mend() {
      swallowing.clear()
      delays.clear()
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
