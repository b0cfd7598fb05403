/**
 * One link from its first byte to its last: waits for an identity, takes frames in order through a bounded inbox
 * (hazard B5), and tidies up when the link closes. Limits are weighed before anything is parsed.
 */
import { type ClientFrame, FanfareError, type FrameId, frameIdOf, type Limits, toFanfareError } from '@fanfare/protocol'
import type { Endpoint } from '../app/app.ts'
import { checkRefresh } from '../auth/credentials.ts'
import type { LinkQuota } from '../auth/quotas.ts'
import type { Link, LinkReader } from '../hub/link.ts'
import type { Session } from '../hub/session.ts'
import type { Timer } from '../lib/clock.ts'
import type { Soon } from '../lib/soon.ts'
import type { Identity } from '../model/identity.ts'
import type { Dialect } from '../wire/dialect.ts'
import { authenticate, type Shown } from './authenticate.ts'
import { connect, enterRooms, greeting } from './connect.ts'
import { disconnect } from './disconnect.ts'
import { dispatch } from './dispatch.ts'
import { errorFrame } from './error-frame.ts'
import { Inbox, type InboxOwner } from './inbox.ts'
import type { Services } from './services.ts'
import { tellOfSession, tellTurnedAway } from './tell.ts'
import { weighSession } from './weigh.ts'

export type ConnectionOptions = {
  readonly services: Services
  readonly link: Link
  readonly dialect: Dialect
  readonly endpoint: Endpoint | undefined
}

/** What a frame costs besides its bytes, so that a flood of empty ones is stopped too. */
const frameOverhead = 64

export class Connection implements InboxOwner, LinkReader {
  readonly #options: ConnectionOptions
  readonly #inbox: Inbox
  readonly #quota: LinkQuota
  #session: Session | undefined
  #shown: Shown | undefined
  #waiting: Timer | undefined
  #closed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#inbox = new Inbox(this)
    this.#quota = options.services.quotas.link()
  }

  get limits(): Limits {
    return this.#options.services.limits
  }

  get session(): Session | undefined {
    return this.#session
  }

  /** Nothing was shown yet: an `auth` frame must come in time, for whom the address names if it names anybody. */
  awaitIdentity(shown: Shown): void {
    this.#shown = shown
    const { clock, limits } = this.#options.services
    this.#waiting = clock.after(limits.authMs, () => {
      if (this.#session) return
      const error = new FanfareError('auth_timeout', `Send an auth frame within ${limits.authMs} ms.`)
      tellTurnedAway(this.#options.services, { thrown: error, action: 'session.refused' })
      this.refuse(error)
    })
  }

  /** Opens the session. Rooms of the endpoint are entered before the next frame is taken. */
  async open(identity: Identity): Promise<void> {
    if (this.#closed || this.#session) return
    this.#waiting?.cancel()
    const { services, endpoint } = this.#options
    this.#session = connect(services, { ...this.#options, identity })
    await enterRooms(services, this.#session, endpoint)
  }

  /** Bytes are weighed before anything is parsed. */
  receive(message: string | Uint8Array): void {
    if (this.#closed) return
    try {
      this.#quota.bytes(message.length + frameOverhead)
      if (typeof message !== 'string') throw new FanfareError('bad_frame', 'Frames are text, not binary.')
      this.#inbox.push(message)
    } catch (error) {
      this.refuse(toFanfareError(error))
    }
  }

  /** Opens the session with an identity that is still being verified; frames that come meanwhile wait. */
  openWith(identify: () => Promise<Identity>): void {
    void this.#inbox.first(async () => {
      try {
        await this.open(await identify())
      } catch (thrown) {
        this.#answer(toFanfareError(thrown), { type: 'auth' })
      }
    })
  }

  drained(): void {
    this.#session?.outbox.drained()
  }

  closed(clean: boolean): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting?.cancel()
    this.#inbox.close()
    if (this.#session) disconnect(this.#options.services, this.#session, clean)
  }

  /** Says what is wrong and ends the link. */
  refuse(error: FanfareError): void {
    if (this.#closed) return
    const { services, link, dialect } = this.#options
    this.#inbox.close()
    if (this.#session) {
      this.#session.send(errorFrame(error))
      this.#session.end(error.code, error.message)
      return
    }
    services.metrics.add('fanfare_connects_refused_total')
    const frame = dialect.encode(errorFrame(error))
    if (frame !== undefined) link.write([frame])
    link.close(error.code, error.message)
  }

  overflow(error: FanfareError): void {
    this.refuse(error)
  }

  /** One frame, once those before it are done. Called by the inbox alone. */
  handle(text: string): Soon<void> {
    const { services, dialect } = this.#options
    services.metrics.add('fanfare_frames_received_total')
    let frame: ClientFrame | undefined
    try {
      this.#quota.frame()
      frame = dialect.decode(text)
      if (this.#session) services.quotas.spend(this.#session)
      const handled = this.#follow(frame)
      if (handled === undefined) return
      const about = frame
      return handled.catch((thrown: unknown) => this.#answer(toFanfareError(thrown), about))
    } catch (thrown) {
      this.#answer(toFanfareError(thrown), frame ?? { id: frameIdOf(text) })
    }
  }

  #follow(frame: ClientFrame): Soon<void> {
    if (frame.type === 'auth') return this.#authenticate(frame.token, frame.id)
    if (this.#session) return dispatch(this.#options.services, this.#session, frame)
    throw new FanfareError('unauthenticated', 'Send an auth frame first.')
  }

  #answer(
    error: FanfareError,
    frame: ClientFrame | { readonly type?: 'auth'; readonly id?: FrameId | undefined },
  ): void {
    const { services } = this.#options
    services.metrics.add('fanfare_frames_refused_total')
    if (error.code === 'internal')
      services.log.error({ error: error.cause ?? error, type: frame.type }, 'a frame failed')
    // A refresh that nobody can judge just now changes nothing: the old token still holds until its end.
    if (!this.#session || (frame.type === 'auth' && error.code !== 'unavailable')) {
      this.refuse(error)
      return
    }
    const room = 'room' in frame ? { room: frame.room } : {}
    this.#session.send(errorFrame(error, { ...room, ...(frame.id === undefined ? {} : { id: frame.id }) }))
  }

  async #authenticate(token: string, id: ClientFrame['id']): Promise<void> {
    const { services } = this.#options
    const credentials = { kind: 'token', token } as const
    const query = this.#shown?.query ?? new URLSearchParams()
    const identity = await authenticate(services, { credentials, origin: undefined, query })
    if (!this.#session) {
      await this.open(identity)
    } else {
      await this.#refresh(this.#session, identity)
    }
    if (id !== undefined) this.#session?.send({ type: 'reply', id, result: null })
  }

  /** A new token for the same user: rights and expiry change, who it is does not. */
  async #refresh(session: Session, identity: Identity): Promise<void> {
    checkRefresh(session.identity, identity)
    const { services } = this.#options
    session.identity = identity
    session.user = services.auth.userOf(identity)
    session.send(greeting(services, session))
    tellOfSession(services, session, { action: 'session.refreshed', subject: session.id })
    await weighSession(services, session)
  }
}
