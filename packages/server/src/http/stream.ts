/**
 * Event streams. Who asks and what they may read is settled before there is an answer, because an EventSource gives up on
 * a status and retries a stream that merely ends; the subscriptions have begun by then, so a header can say where.
 */
import { FanfareError, toFanfareError } from '@fanfare/protocol'
import type { Endpoint, EndpointRule } from '../app/app.ts'
import { clientAddress } from '../auth/client-address.ts'
import { credentialsOf } from '../auth/credentials.ts'
import { authenticate, type Shown } from '../flows/authenticate.ts'
import { connect } from '../flows/connect.ts'
import { disconnect } from '../flows/disconnect.ts'
import { errorFrame } from '../flows/error-frame.ts'
import { subscribe } from '../flows/subscribe.ts'
import { tellTurnedAway } from '../flows/tell.ts'
import type { Session } from '../hub/session.ts'
import type { Identity } from '../model/identity.ts'
import { encodeCursor, type Place } from '../wire/cursor.ts'
import type { Dialect } from '../wire/dialect.ts'
import { cursorBlock, eventStreamDialect } from '../wire/event-stream.ts'
import { Dismissed } from './dismissed.ts'
import { requireOrigin } from './origins.ts'
import type { HttpContext, Remote } from './settings.ts'
import { SharedBytes } from './shared-bytes.ts'
import { type Closing, StreamLink } from './stream-link.ts'
import { type AskedRoom, askedRooms } from './stream-request.ts'

/** Where every application's rooms can be streamed. */
export const streamPath = '/v1/stream'

const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const

/** Nobody is left to read the answer. */
const readerGone = 499

export type StreamRequest = {
  readonly request: Request
  readonly remote: Remote
  /** Absent at {@link streamPath}. */
  readonly endpoint: Endpoint | undefined
}

type Opened = { readonly session: Session; readonly link: StreamLink }
type Entered = { readonly place: Place } | { readonly room: string; readonly error: FanfareError } | undefined

export class EventStreams {
  readonly #context: HttpContext
  readonly #dismissed: Dismissed
  readonly #native = eventStreamDialect()
  readonly #bytes = new SharedBytes()
  /** One dialect for each endpoint, so that an event is encoded once for all its streams. */
  readonly #dialects = new Map<EndpointRule, Dialect>()

  constructor(context: HttpContext) {
    this.#context = context
    this.#dismissed = new Dismissed(context.services.clock)
  }

  /** @throws FanfareError, all that can refuse a session, and `forbidden` or `unknown_room` when no room is left */
  async open(asked: StreamRequest): Promise<Response> {
    const { services } = this.#context
    try {
      const identity = await this.#admit(asked)
      if (this.#dismissed.isBack(identity, asked.request)) return new Response(null, { status: 204 })
      const rooms = askedRooms(asked.request, asked.endpoint, services.limits.roomsPerSession)
      return await this.#stream(this.#connect(asked, identity), rooms)
    } catch (error) {
      services.metrics.add('fanfare_connects_refused_total')
      throw error
    }
  }

  /** @throws FanfareError `origin_refused`, `shutting_down`, `overloaded`, `rate_limited`, `unauthenticated`, … */
  async #admit(asked: StreamRequest): Promise<Identity> {
    const { services } = this.#context
    return authenticate(services, this.#shownBy(asked))
  }

  #shownBy(asked: StreamRequest): Shown {
    try {
      return this.#checkDoor(asked)
    } catch (thrown) {
      tellTurnedAway(this.#context.services, { thrown, action: 'session.refused' })
      throw thrown
    }
  }

  #checkDoor({ request, remote, endpoint }: StreamRequest): Shown {
    const { services, settings } = this.#context
    requireOrigin(request, settings.allowedOrigins)
    if (!services.accepting) throw new FanfareError('shutting_down', undefined, { retryAfterMs: 1_000 })
    const forwarded = request.headers.get('x-forwarded-for')
    services.quotas.connect(clientAddress(remote.address, forwarded, settings.trustedProxies))
    const tokenInQuery = endpoint?.rule.tokenInQuery ?? false
    const { credentials, origin } = credentialsOf(request, { tokenInQuery })
    return { credentials, origin, query: new URL(request.url).searchParams }
  }

  #connect({ request, endpoint }: StreamRequest, identity: Identity): Opened {
    const { services } = this.#context
    // Of the request nothing else is held for as long as the stream lasts.
    const { signal, url } = request
    let session: Session | undefined
    const link = new StreamLink({
      bytes: this.#bytes,
      signal,
      drained: () => session?.outbox.drained(),
      closed: (closing) => {
        if (session) disconnect(services, session, closing.kind === 'ended' && closing.code === 'normal')
        if (closing.kind === 'ended') this.#ended(closing, { identity, url, link })
      },
    })
    session = connect(services, { link, identity, endpoint, dialect: this.#dialectOf(endpoint) })
    // The reader may have gone while it was asked who they are.
    if (link.isGone) disconnect(services, session, false)
    return { session, link }
  }

  #ended(
    { code }: Closing & { kind: 'ended' },
    { identity, url, link }: { identity: Identity; url: string; link: StreamLink },
  ): void {
    const { clock, limits } = this.#context.services
    if (code === 'disconnected') this.#dismissed.remember(identity, url)
    // What a reader has not taken by then it will not take.
    clock.after(limits.outboxStallMs, () => link.terminate())
  }

  async #stream({ session, link }: Opened, rooms: readonly AskedRoom[]): Promise<Response> {
    const entered = await Promise.all(rooms.map((asked) => this.#enter(session, asked)))
    if (link.isGone) return new Response(null, { status: readerGone })
    const refused = entered.filter((one) => one !== undefined && 'error' in one)
    const refusal = refusalOf(refused, rooms.length)
    if (refusal) {
      link.terminate()
      throw refusal
    }
    for (const { room, error } of refused) session.send(errorFrame(error, { room }))
    const places = entered.flatMap((one) => (one && 'place' in one ? [one.place] : []))
    // First of all, so that a reader that breaks off within the first blocks goes on from here and not from nowhere.
    link.begin(cursorBlock(places))
    const fromStart = rooms.every(({ since }) => since === 'earliest')
    return new Response(link.body, {
      headers: { ...streamHeaders, 'Fanfare-Last-Event-ID': fromStart ? 'earliest' : encodeCursor(places) },
    })
  }

  /** Undefined when the session ended meanwhile. */
  async #enter(session: Session, { room, since }: AskedRoom): Promise<Entered> {
    const { services } = this.#context
    let entered: Entered
    try {
      await subscribe(services, session, {
        room,
        ...(since === undefined ? {} : { since }),
        began: ({ position }) => {
          entered = { place: { name: room, ...position } }
        },
      })
      return entered
    } catch (thrown) {
      const error = toFanfareError(thrown)
      if (error.code === 'internal') services.log.error({ error: error.cause }, 'a room of a stream failed')
      return { room, error }
    }
  }

  #dialectOf(endpoint: Endpoint | undefined): Dialect {
    if (!endpoint) return this.#native
    const known = this.#dialects.get(endpoint.rule)
    if (known) return known
    const dialect = eventStreamDialect(endpoint.rule.words)
    this.#dialects.set(endpoint.rule, dialect)
    return dialect
  }
}

type Refused = { readonly error: FanfareError }

/** The whole stream is refused when no room is left; or when one will only be there later, lest its place be forgotten. */
const refusalOf = (refused: readonly Refused[], asked: number): FanfareError | undefined => {
  const errors = refused.map(({ error }) => error)
  const passing = errors.find(({ retry }) => retry !== 'never')
  if (passing) return passing
  if (errors.length < asked) return undefined
  return errors.find(({ code }) => code === 'forbidden') ?? errors[0]
}
