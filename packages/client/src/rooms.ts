/** The rooms of this client: one subscription each, however many handles. Resumes them all in one request. */
import {
  defaultLimits,
  FanfareError,
  type FrameId,
  type RoomRequest,
  type ServerFrame,
  type SubscribeFrame,
  type UnsubscribeFrame,
} from '@fanfare/protocol'
import type { Settings } from './options.ts'
import { RoomPresence } from './presence.ts'
import type { Requests } from './requests.ts'
import { Subscription } from './subscription.ts'
import type { Timer } from './surroundings.ts'

export type Room = {
  readonly subscription: Subscription
  readonly presence: RoomPresence
  /** Handles that have not left. */
  holders: number
  release: Timer | undefined
}

export type RoomsOptions = {
  readonly settings: Settings
  readonly requests: Requests
  /** False when there is no session. */
  readonly send: (frame: SubscribeFrame | UnsubscribeFrame) => boolean
}

export class Rooms {
  readonly #options: RoomsOptions
  readonly #rooms = new Map<string, Room>()

  constructor(options: RoomsOptions) {
    this.#options = options
  }

  /** One more handle. The room is asked for by `subscription.want`, not by this. */
  hold(name: string): Room {
    const room = this.#rooms.get(name) ?? this.#make(name)
    room.holders++
    room.release?.cancel()
    room.release = undefined
    return room
  }

  /** One handle less. The last one ends the subscription, a little later: a remount takes it up again. */
  release(room: Room): void {
    if (--room.holders > 0 || this.#rooms.get(room.subscription.name) !== room) return
    const { settings } = this.#options
    room.release = settings.surroundings.clock.after(settings.releaseMs, () => this.#end(room))
  }

  /** A new session: every room that is wanted, with its position, in one request. */
  resume(): void {
    const id = this.#options.requests.nextId()
    const requests = [...this.#rooms.values()]
      .map(({ subscription }) => subscription.resume(id))
      .filter((request) => request !== undefined)
    // More than a server takes in one frame by default is more than it lets one session be in.
    for (let index = 0; index < requests.length; index += defaultLimits.roomsPerSession) {
      const rooms = requests.slice(index, index + defaultLimits.roomsPerSession)
      this.#options.send({ type: 'subscribe', id, rooms })
    }
  }

  receive(frame: ServerFrame): void {
    switch (frame.type) {
      case 'event':
        this.#rooms.get(frame.event.room)?.subscription.event(frame.event)
        return
      case 'gap':
        this.#rooms.get(frame.room)?.subscription.gap(frame)
        return
      case 'presence':
        this.#rooms.get(frame.room)?.presence.changed(frame)
        return
      case 'subscription': {
        const subscription = this.#rooms.get(frame.room)?.subscription
        if (frame.status === 'subscribed') subscription?.subscribed(frame)
        else if (frame.reason === 'revoked') subscription?.revoked()
        return
      }
      case 'error': {
        // Without a room it refuses the whole request, and so each room in it.
        const rooms = frame.room === undefined ? [...this.#rooms.values()] : [this.#rooms.get(frame.room)]
        for (const room of rooms) room?.subscription.failed(frame)
      }
    }
  }

  abandon(error: FanfareError): void {
    for (const { subscription } of this.#rooms.values()) subscription.abandon(error)
  }

  /** Ends every room at once. */
  close(error: FanfareError): void {
    for (const room of this.#rooms.values()) {
      room.release?.cancel()
      room.subscription.end(error)
      room.presence.end()
    }
    this.#rooms.clear()
  }

  #make(name: string): Room {
    const { settings, requests } = this.#options
    const subscription = new Subscription(name, settings, (request) => this.#ask(request))
    const presence = new RoomPresence(subscription, requests, settings.surroundings.report)
    const room: Room = { subscription, presence, holders: 0, release: undefined }
    this.#rooms.set(name, room)
    return room
  }

  #ask(request: RoomRequest): FrameId | undefined {
    const id = this.#options.requests.nextId()
    return this.#options.send({ type: 'subscribe', id, rooms: [request] }) ? id : undefined
  }

  #end(room: Room): void {
    const { name, state } = room.subscription
    const { status } = state.getSnapshot()
    this.#rooms.delete(name)
    room.presence.end()
    room.subscription.end(new FanfareError('not_subscribed', `Every handle of ${name} has left.`))
    if (status === 'subscribed' || status === 'subscribing') this.#options.send({ type: 'unsubscribe', room: name })
  }
}
