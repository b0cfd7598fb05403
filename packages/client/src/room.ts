/** A handle of a room, as the application holds it: typed, with listeners of its own, and gone when it leaves. */
import {
  type Described,
  type EventOf,
  FanfareError,
  type Json,
  type Position,
  type PublishResult,
  type RoomEvent,
  type RoomEvents,
  type RoomInputs,
  type Since,
} from '@fanfare/protocol'
import { type History, type HistoryOptions, type PageOf, readHistory } from './history.ts'
import type { Stop, Store } from './listeners.ts'
import type { MemberChange, Members } from './presence.ts'
import type { RequestFrame } from './requests.ts'
import type { Rooms } from './rooms.ts'
import type { Gap, RoomState } from './subscription.ts'

export type RoomOptions = {
  /** Begin after a position kept from earlier, or with the oldest event kept. Counts for the first handle of a room only. */
  readonly since?: Since
}

export type PublishOptions = {
  /** The idempotency key; within five minutes the same key gives the first result. @default a new one for each call */
  readonly key?: string
}

/** Listening, `subscribed` and presence subscribe the room; publishing and history do not. */
export type RoomHandle<App extends Described, Name extends string> = {
  readonly name: Name
  readonly state: Store<RoomState>
  /** Resolves, with the position after which events come, once the server has confirmed. Rejects when it refuses. */
  readonly subscribed: Promise<Position>
  /** The last event seen; keep it to resume in another process. */
  readonly position: Position | undefined
  on<Type extends keyof RoomEvents<App, Name> & string>(
    type: Type,
    listener: (data: RoomEvents<App, Name>[Type], event: RoomEvent<Type, RoomEvents<App, Name>[Type]>) => void,
  ): Stop
  onAny(listener: (event: EventOf<App, Name>) => void): Stop
  /** Events were lost for good. Without a listener a gap shows nowhere. */
  onGap(listener: (gap: Gap) => void): Stop
  /** Waits while the connection is away; has one effect however often it must be sent. @throws FanfareError */
  publish<Type extends keyof RoomInputs<App, Name> & string>(
    type: Type,
    data: RoomInputs<App, Name>[Type],
    options?: PublishOptions,
  ): Promise<PublishResult>
  history(options?: HistoryOptions): History<PageOf<EventOf<App, Name>>>
  readonly presence: PresenceHandle
  /** Removes this handle's listeners. The last handle of a room unsubscribes. */
  leave(): void
  [Symbol.dispose](): void
}

export type PresenceHandle = {
  /** Shows us in the room with this state, in every session until `leave`. Also changes the state. */
  enter(state: Json): Promise<void>
  update(state: Json): Promise<void>
  leave(): Promise<void>
  /** Who is there. */
  readonly members: Store<Members>
  /** Real changes only; a snapshot after a reconnect is none. */
  onChange(listener: (change: MemberChange) => void): Stop
}

export type RoomParts = {
  readonly rooms: Rooms
  readonly makeKey: () => string
  /** Connects at the first use. @throws FanfareError when the client was closed */
  use(): void
  /** @throws FanfareError what the server or the client refuses it with */
  ask(frame: RequestFrame): Promise<Json>
}

/** The untyped truth beneath {@link RoomHandle}; `client.ts` gives it its types. */
export const createRoom = (parts: RoomParts, name: string, options: RoomOptions) => {
  parts.use()
  const room = parts.rooms.hold(name)
  const { subscription, presence } = room
  const stops = new Set<Stop>()
  let left = false
  const want = () => {
    if (left) throw new FanfareError('not_subscribed', `This handle has left ${name}.`)
    parts.use()
    subscription.want(options.since)
  }
  const keep = (stop: Stop): Stop => {
    const stopOnce = () => {
      stops.delete(stopOnce)
      stop()
    }
    stops.add(stopOnce)
    return stopOnce
  }
  const listen = (listener: (event: RoomEvent) => void): Stop => {
    // Added first: an event may follow the answer to `want` in the same turn.
    const stop = keep(subscription.events.add(listener))
    want()
    return stop
  }
  const leave = () => {
    if (left) return
    left = true
    for (const stop of stops) stop()
    parts.rooms.release(room)
  }
  return {
    name,
    state: subscription.state,
    get subscribed() {
      want()
      return subscription.ready
    },
    get position() {
      return subscription.position
    },
    on: (type: string, listener: (data: Json, event: RoomEvent) => void) =>
      listen((event) => {
        if (event.type === type) listener(event.data, event)
      }),
    onAny: listen,
    onGap(listener: (gap: Gap) => void) {
      const stop = keep(subscription.gaps.add(listener))
      want()
      return stop
    },
    publish: (event: string, data: Json, { key = parts.makeKey() }: PublishOptions = {}) =>
      parts.ask({ type: 'publish', room: name, event, data: data ?? null, key }),
    history: (query: HistoryOptions = {}) => readHistory(parts, name, query),
    presence: {
      async enter(state: Json) {
        want()
        await presence.enter(state)
      },
      async update(state: Json) {
        want()
        await presence.enter(state)
      },
      leave: () => presence.leave(),
      get members() {
        want()
        presence.watch()
        return presence.members
      },
      onChange(listener: (change: MemberChange) => void) {
        const stop = keep(presence.changes.add(listener))
        want()
        presence.watch()
        return stop
      },
    },
    leave,
    [Symbol.dispose]: leave,
  }
}
