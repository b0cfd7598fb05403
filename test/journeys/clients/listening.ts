/** What the typed client told a test: events and gaps of a room, states of a store, frames of its sockets. Waits by being woken. */
import type { Gap, Store } from '@fanfare/client'
import { type ClientFrame, framesOf, type RoomEvent, type ServerFrame } from '@fanfare/protocol'
import { Mailbox } from '@fanfare/testkit'

/** Resolves with the first value of the store that is wanted, the present one included. */
export const until = <Value>(
  store: Store<Value>,
  wanted: (value: Value) => boolean,
  timeoutMs = 10_000,
): Promise<Value> =>
  new Promise((resolve, reject) => {
    const stop = store.subscribe(() => look())
    const timer = setTimeout(() => {
      stop()
      reject(new Error(`Waited ${timeoutMs} ms; the store holds ${JSON.stringify(store.getSnapshot())}`))
    }, timeoutMs)
    const look = () => {
      const value = store.getSnapshot()
      if (!wanted(value)) return
      clearTimeout(timer)
      stop()
      resolve(value)
    }
    look()
  })

type Listened = {
  onAny(listener: (event: RoomEvent) => void): unknown
  onGap(listener: (gap: Gap) => void): unknown
}

/** Listens to a room from now on. */
export class Listening {
  readonly events: RoomEvent[] = []
  readonly gaps: Gap[] = []
  readonly #arrived = new Mailbox<RoomEvent>('the client')

  constructor(room: Listened) {
    room.onAny((event) => {
      this.events.push(event)
      this.#arrived.put(event)
    })
    room.onGap((gap) => this.gaps.push(gap))
  }

  get offsets(): number[] {
    return this.events.map(({ offset }) => offset)
  }

  /** The numbers that `counted` events carry, in the order heard. */
  get numbers(): unknown[] {
    return this.events.map(({ data }) => (data as { n?: number }).n)
  }

  /** The event at this offset, heard or still to come. */
  hears(offset: number, timeoutMs?: number): Promise<RoomEvent> {
    return this.#arrived.take(`the event at ${offset}`, (event) => event.offset === offset, timeoutMs)
  }
}

/** Sockets of the runtime that keep what they carried, for a client's `surroundings`. */
export const recordedSockets = () => {
  const sent: ClientFrame[] = []
  const received: { readonly at: number; readonly frame: ServerFrame }[] = []
  class Recorded extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('message', ({ data }) => {
        for (const text of framesOf(String(data), this.protocol)) {
          received.push({ at: Date.now(), frame: JSON.parse(text) })
        }
      })
    }

    override send(text: string): void {
      sent.push(JSON.parse(text))
      super.send(text)
    }
  }
  return { sent, received, WebSocket: Recorded }
}

/** Resolves once it holds. For what nobody announces: looks again every few milliseconds. */
export const eventually = async (holds: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`It did not come to hold in ${timeoutMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
