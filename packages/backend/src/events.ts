/** Events: publishing them, one or many, and reading a room's log and who is in it. */
import {
  type Described,
  defaultLimits,
  type EventOf,
  FanfareError,
  type HistoryPage,
  type JsonObject,
  type KnownRoom,
  type Member,
  type Position,
  type PublishResult,
  type RoomInputs,
} from '@fanfare/protocol'
import { problemError } from './answer.ts'
import { type Call, createCall, part } from './call.ts'
import type { CallOptions } from './options.ts'
import { retrying } from './retry.ts'

export type PublishOptions = CallOptions & {
  /** Within five minutes the same key gives the first result. @default a new one for each call */
  readonly key?: string
}

export type EventToPublish = {
  readonly room: string
  readonly event: string
  readonly data: unknown
  readonly key?: string
}

/** Of one event of many. */
export type PublishOutcome =
  | { readonly ok: true; readonly result: PublishResult }
  | { readonly ok: false; readonly error: FanfareError }

export type HistoryOptions = CallOptions & {
  /** Forwards, after this position; `earliest` for the oldest event kept. */
  readonly after?: Position | 'earliest'
  /** Backwards, before this position. @default the newest page */
  readonly before?: Position
  readonly limit?: number
}

/** `next` goes into `after` or `before` of the next request, in the same direction; absent at the end. */
export type PageOf<Event> = Omit<HistoryPage, 'events'> & { readonly events: readonly Event[] }

export type Events<App extends Described> = {
  /** Resolves once it is as durable as the room says. @throws FanfareError */
  publish<const Name extends string, Type extends keyof RoomInputs<App, Name> & string>(
    room: KnownRoom<App, Name>,
    event: Type,
    data: RoomInputs<App, Name>[Type],
    options?: PublishOptions,
  ): Promise<PublishResult>
  /**
   * In the order given, as many requests as it takes; each is answered by itself, and one that is refused stops no other. One
   * that had to be tried again may come after later ones. @throws FanfareError when nothing could be published
   */
  publishMany(events: readonly EventToPublish[], options?: CallOptions): Promise<readonly PublishOutcome[]>
  /** @throws FanfareError `position_lost` where the log of that position is gone */
  history<const Name extends string>(
    room: KnownRoom<App, Name>,
    options?: HistoryOptions,
  ): Promise<PageOf<EventOf<App, Name>>>
  members(room: string, options?: CallOptions): Promise<readonly Member[]>
}

/** A new idempotency key. */
export const newKey = (): string => crypto.randomUUID()

const roomPath = (room: string): string => `/v1/rooms/${part(room)}`

export const createEvents = <App extends Described>(call: Call): Events<App> => ({
  async publish(room, event, data, { key = newKey(), ...options } = {}) {
    const request = { method: 'POST', path: `${roomPath(room)}/events`, body: { event, data, key } } as const
    return (await call(request, options)) as PublishResult
  },
  async publishMany(events, options = {}) {
    const outcomes: PublishOutcome[] = []
    for (let from = 0; from < events.length; from += defaultLimits.publishBatch) {
      const batch = events.slice(from, from + defaultLimits.publishBatch)
      const keyed = batch.map((event) => ({ ...event, key: event.key ?? newKey() }))
      try {
        outcomes.push(...(await publishBatch(call, keyed, options)))
      } catch (error) {
        // What was published before must not be lost with what was not.
        if (from === 0 || !(error instanceof FanfareError)) throw error
        return [...outcomes, ...events.slice(from).map(() => ({ ok: false, error }) as const)]
      }
    }
    return outcomes
  },
  async history(room, { after, before, limit, ...options } = {}) {
    const query = { after: textOf(after), before: textOf(before), limit }
    return pageOf((await call({ method: 'GET', path: `${roomPath(room)}/history`, query }, options)) as JsonObject)
  },
  async members(room, options) {
    const answer = await call({ method: 'GET', path: `${roomPath(room)}/presence` }, options)
    return (answer as unknown as { readonly members: readonly Member[] }).members
  },
})

type Keyed = EventToPublish & { readonly key: string }
type BatchAnswer = {
  readonly results: readonly (
    | { readonly ok: true; readonly result: PublishResult }
    | { readonly ok: false; readonly problem: { readonly [member: string]: unknown } }
  )[]
}

/** Those that the server asks to try later are sent again by themselves. */
const publishBatch = async (call: Call, events: readonly Keyed[], options: CallOptions): Promise<PublishOutcome[]> => {
  const outcomes: PublishOutcome[] = []
  let left = events.map((event, index) => ({ event, index }))
  const { settings, waiting } = call
  const { retry } = settings
  // The whole is tried as often as one request is, not as often as that squared.
  const once = createCall({ ...settings, retry: { ...retry, tries: 1 } }, waiting)
  const work = async () => {
    const body = { events: left.map(({ event }) => event) }
    const { results } = (await once({ method: 'POST', path: '/v1/events', body }, options)) as unknown as BatchAnswer
    for (const [place, { index }] of left.entries()) outcomes[index] = outcomeOf(results[place])
    left = left.filter(({ index }) => isForLater(outcomes[index]))
    const refused = left.map(({ index }) => outcomes[index]).find(isForLater)
    if (refused) throw refused.error
  }
  try {
    await retrying({ retry, waiting, signal: options.signal }, work)
  } catch (error) {
    if (outcomes.length === 0 || !(error instanceof FanfareError)) throw error
  }
  return outcomes
}

type Refused = Extract<PublishOutcome, { readonly ok: false }>

const isForLater = (outcome: PublishOutcome | undefined): outcome is Refused =>
  outcome !== undefined && !outcome.ok && outcome.error.retry !== 'never'

const outcomeOf = (told: BatchAnswer['results'][number] | undefined): PublishOutcome => {
  if (!told) return { ok: false, error: new FanfareError('unavailable', 'The server answered fewer than were asked.') }
  return told.ok ? told : { ok: false, error: problemError(told.problem) }
}

const textOf = (position: Position | 'earliest' | undefined): string | undefined =>
  typeof position === 'object' ? `${position.epoch}.${position.offset}` : position

/** Over HTTP a page's cursor is text, `epoch.offset`. */
const pageOf = <Page>(page: JsonObject): Page => {
  if (typeof page.next !== 'string') return page as Page
  const dot = page.next.lastIndexOf('.')
  return { ...page, next: { epoch: page.next.slice(0, dot), offset: Number(page.next.slice(dot + 1)) } } as Page
}
