/**
 * One room as this client has it: where it is in the log, whether the server knows, and who listens. Handles share it.
 * It asks for frames to be sent; when connections come and go is the registry's affair.
 */
import {
  type ErrorFrame,
  FanfareError,
  type FrameId,
  type GapFrame,
  type GapReason,
  type Position,
  type RoomEvent,
  type RoomRequest,
  type Since,
  type SubscriptionFrame,
} from '@fanfare/protocol'
import { backoff } from './backoff.ts'
import { failureOf } from './failure.ts'
import { Listeners, Watched } from './listeners.ts'
import type { Settings } from './options.ts'
import { type Delivery, orderOf } from './sequence.ts'
import type { Timer } from './surroundings.ts'

/** `refused`: the server does not let us in, or not any more. A new handle asks again. */
export type RoomState =
  | { readonly status: 'idle' }
  | { readonly status: 'subscribing' }
  | { readonly status: 'subscribed'; readonly delivery: Delivery }
  | { readonly status: 'refused'; readonly error: FanfareError }

/** Events were lost for good: load what they would have told. The next event has `to.offset + 1`. */
export type Gap = {
  readonly room: string
  readonly reason: GapReason
  /** The last position before the loss. */
  readonly from: Position
  readonly to: Position
}

type Subscribed = SubscriptionFrame & { status: 'subscribed' }

export class Subscription {
  readonly name: string
  readonly state: Watched<RoomState>
  readonly events: Listeners<RoomEvent>
  readonly gaps: Listeners<Gap>
  /** After each confirmed subscribe; presence is then restored. */
  readonly entered: Listeners<void>
  readonly #settings: Settings
  /** Sends a `subscribe` for this room and gives its id; undefined when there is no session. */
  readonly #ask: (request: RoomRequest) => FrameId | undefined
  /** Known once the server has said it, then kept over every reconnect. */
  #position: Position | undefined
  #start: Since | undefined
  #askedWith: FrameId | undefined
  #ready = readiness()
  #tries = 0
  #retry: Timer | undefined

  constructor(name: string, settings: Settings, ask: (request: RoomRequest) => FrameId | undefined) {
    const { report } = settings.surroundings
    this.name = name
    this.#settings = settings
    this.#ask = ask
    this.state = new Watched<RoomState>({ status: 'idle' }, report)
    this.events = new Listeners(report)
    this.gaps = new Listeners(report)
    this.entered = new Listeners(report)
  }

  /** Resolves with the position after which events come. Rejects when the server refuses the room. */
  get ready(): Promise<Position> {
    return this.#ready.promise
  }

  get position(): Position | undefined {
    return this.#position
  }

  /** Wanted by somebody: asks unless that is done already. `since` counts only for the first to ask. */
  want(since: Since | undefined): void {
    const { status } = this.state.getSnapshot()
    if (status === 'subscribing' || status === 'subscribed') return
    if (status === 'refused') this.#ready = readiness()
    this.#start = since
    this.state.set({ status: 'subscribing' })
    this.#askNow()
  }

  /** For the one request that resumes all rooms in a new session; undefined when this room is not wanted there. */
  resume(id: FrameId): RoomRequest | undefined {
    const { status } = this.state.getSnapshot()
    if (status !== 'subscribing' && status !== 'subscribed') return undefined
    this.#retry?.cancel()
    this.#askedWith = id
    this.state.set({ status: 'subscribing' })
    return this.#request()
  }

  subscribed(frame: Subscribed): void {
    // Another answer than the awaited one: to an earlier request, or of a room that the endpoint entered by itself.
    if (this.#askedWith !== undefined && frame.id !== this.#askedWith) return
    if (this.state.getSnapshot().status === 'idle') return
    const last = this.#position ?? (typeof this.#start === 'object' ? this.#start : undefined)
    const { epoch, offset } = frame
    this.#askedWith = undefined
    this.#tries = 0
    const isContinued = last?.epoch === epoch && frame.recovered !== false
    // A replay may begin before what we have; what is there already is dropped as a duplicate.
    this.#position = isContinued && offset <= last.offset ? last : { epoch, offset }
    this.state.set({ status: 'subscribed', delivery: frame.delivery ?? 'every' })
    if (last && !(isContinued && offset <= last.offset)) {
      const reason = frame.reason ?? (last.epoch === epoch ? 'trimmed' : 'epoch')
      this.gaps.emit({ room: this.name, reason, from: last, to: { epoch, offset } })
    }
    this.#ready.resolve(this.#position)
    this.entered.emit()
  }

  event(event: RoomEvent): void {
    const state = this.state.getSnapshot()
    // While an answer is awaited, events belong to the subscription that it replaces.
    if (state.status !== 'subscribed' || this.#askedWith !== undefined || !this.#position) return
    switch (orderOf(this.#position.offset, event.offset, state.delivery)) {
      case 'duplicate':
        return
      case 'hole':
        this.#askNow()
        return
      case 'next':
        this.#position = { epoch: this.#position.epoch, offset: event.offset }
        this.events.emit(event)
    }
  }

  gap(frame: GapFrame): void {
    if (this.state.getSnapshot().status !== 'subscribed' || this.#askedWith !== undefined) return
    const from = this.#position ?? frame.from
    this.#position = frame.to
    this.gaps.emit({ room: this.name, reason: frame.reason, from, to: frame.to })
  }

  /** The server ended it by itself: a right was taken away. */
  revoked(): void {
    this.#refuse(new FanfareError('forbidden', `The right to be in ${this.name} was taken away.`))
  }

  /** The answer to the `subscribe` that asked for this room. */
  failed(frame: ErrorFrame): void {
    if (this.#askedWith === undefined || frame.id !== this.#askedWith) return
    const { error, retry } = failureOf(frame)
    if (retry === 'never') {
      this.#refuse(error)
      return
    }
    const { reconnect, surroundings } = this.#settings
    const waitMs = error.retryAfterMs ?? backoff(++this.#tries, reconnect, surroundings.random)
    this.#retry?.cancel()
    this.#retry = surroundings.clock.after(waitMs, () => this.#askNow())
  }

  /** No connection will come unless the application starts one: whoever waits is told. The room stays wanted. */
  abandon(error: FanfareError): void {
    this.#retry?.cancel()
    this.#ready.reject(error)
    this.#ready = readiness()
  }

  /** The last handle left, or the client closed. */
  end(error: FanfareError): void {
    this.#retry?.cancel()
    this.state.set({ status: 'idle' })
    this.#ready.reject(error)
    for (const listeners of [this.events, this.gaps, this.entered, this.state]) listeners.clear()
  }

  #refuse(error: FanfareError): void {
    this.#askedWith = undefined
    this.state.set({ status: 'refused', error })
    this.#ready.reject(error)
  }

  #askNow(): void {
    this.#askedWith = this.#ask(this.#request())
  }

  #request(): RoomRequest {
    const since = this.#position ?? this.#start
    return since === undefined ? { room: this.name } : { room: this.name, since }
  }
}

/** A promise that may be rejected with nobody watching: `subscribed` is often not awaited, and the state says it too. */
const readiness = () => {
  const ready = Promise.withResolvers<Position>()
  ready.promise.catch(() => {})
  return ready
}
