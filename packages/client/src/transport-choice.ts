/** Which transport the next link takes: WebSocket unless it has shown that it does not get through. Owns that memory only. */
import { FanfareError, subprotocols } from '@fanfare/protocol'
import type { Credential } from './credentials.ts'
import type { Address, Link, LinkEvents } from './link.ts'
import type { Stop } from './listeners.ts'
import type { Settings } from './options.ts'
import { openStreamLink } from './stream-link.ts'
import type { Socket } from './surroundings.ts'
import { openWebSocketLink } from './websocket-link.ts'

const nothing: Stop = () => {}

export class TransportChoice {
  readonly #settings: Settings
  readonly #address: Address
  /** WebSockets in a row that ended before a single frame came through. */
  #socketFailures = 0
  /** The last event stream did not get through either: the network is down rather than choosy. */
  #streamFailed = false

  constructor(settings: Settings, address: Address) {
    this.#settings = settings
    this.#address = address
  }

  /** @throws FanfareError `unavailable` where the runtime has no transport; what the runtime throws when it makes no socket */
  open(credential: Credential, events: LinkEvents): Link {
    const { WebSocket, fetch } = this.#settings.surroundings
    if (fetch && this.#prefersStream()) {
      const { clock } = this.#settings.surroundings
      const options = { fetch, address: this.#address, credential, clock }
      return this.#watch(events, (watched) => openStreamLink(options, watched))
    }
    if (!WebSocket) throw new FanfareError('unavailable', 'There is no WebSocket here, and event streams are off.')
    const options = { WebSocket, address: this.#address, credential }
    try {
      return this.#watch(events, (watched) => openWebSocketLink(options, watched))
    } catch (error) {
      // A policy or an extension that forbids sockets throws at once.
      this.#note('websocket', false)
      throw error
    }
  }

  /** Whether a WebSocket would open now. Returns the function that abandons the question. */
  probe(answer: (works: boolean) => void): Stop {
    const socket = this.#tryOut()
    if (!socket) {
      answer(false)
      return nothing
    }
    const finish = (works?: boolean) => {
      socket.onopen = socket.onclose = null
      socket.close()
      if (works) this.#socketFailures = 0
      if (works !== undefined) answer(works)
    }
    socket.onopen = () => finish(true)
    socket.onerror = () => {}
    socket.onclose = () => finish(false)
    return () => finish()
  }

  #tryOut(): Socket | undefined {
    const { WebSocket } = this.#settings.surroundings
    try {
      return WebSocket && new WebSocket(this.#address.socket, subprotocols)
    } catch {
      // Whatever forbids it, the answer is no.
      return undefined
    }
  }

  #prefersStream(): boolean {
    const { afterFailures } = this.#settings.fallback
    // The HTTP API takes no tickets: a stream opened with one could neither catch up nor publish.
    if (afterFailures === false || this.#settings.ticket) return false
    if (!this.#settings.surroundings.WebSocket) return true
    return this.#socketFailures >= afterFailures && !this.#streamFailed
  }

  /** Notes whether the link ever carried anything. */
  #watch(events: LinkEvents, open: (events: LinkEvents) => Link): Link {
    let judged = false
    const judge = (works: boolean) => {
      if (judged) return
      judged = true
      this.#note(link.transport, works)
    }
    const link = open({
      ...events,
      heard: () => {
        judge(true)
        events.heard()
      },
      ended: (error) => {
        // A close code of ours came from the server: the transport works.
        judge(error.code !== 'unavailable')
        events.ended(error)
      },
    })
    return {
      transport: link.transport,
      send: (frame) => link.send(frame),
      close: () => {
        judge(false)
        link.close()
      },
    }
  }

  #note(transport: Link['transport'], works: boolean): void {
    if (transport === 'event-stream') {
      this.#streamFailed = !works
      return
    }
    this.#streamFailed = false
    this.#socketFailures = works ? 0 : this.#socketFailures + 1
  }
}
