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
import { Inbox } from './inbox.ts'
import type { Services } from './services.ts'
import { tellOfSession, tellTurnedAway } from './tell.ts'
import { weighSession } from './weigh.ts'

export type ConnectionOptions = {
  readonly services: Services
  readonly link: Link
  readonly dialect: Dialect
  readonly endpoint: Endpoint | undefined
}

/** As long as there is no session, which knows link and dialect from then on. */
type Arriving = ConnectionOptions & {
  /** Until an identity was. */
  shown?: Shown
  waiting?: Timer
}

/** What a frame costs besides its bytes, so that a flood of empty ones is stopped too. */
const frameOverhead = 64

export class Connection extends Inbox implements LinkReader {
  readonly #services: Services
  readonly #quota: LinkQuota
  #arriving: Arriving | undefined
  #session: Session | undefined

  constructor(options: ConnectionOptions) {
    super()
    this.#services = options.services
    this.#quota = options.services.quotas.link()
    this.#arriving = options
  }

  get limits(): Limits {
    return this.#services.limits
  }

  get session(): Session | undefined {
    return this.#session
  }

  /** Nothing was shown yet: an `auth` frame must come in time, for whom the address names if it names anybody. */
  awaitIdentity(shown: Shown): void {
    if (!this.#arriving) return
    const { clock, limits } = this.#services
    const waiting = clock.after(limits.authMs, () => {
      if (this.#session) return
      const error = new FanfareError('auth_timeout', `Send an auth frame within ${limits.authMs} ms.`)
      tellTurnedAway(this.#services, { thrown: error, action: 'session.refused' })
      this.refuse(error)
    })
    this.#arriving = { ...this.#arriving, shown, waiting }
  }

  /** Opens the session. Rooms of the endpoint are entered before the next frame is taken. */
  async open(identity: Identity): Promise<void> {
    const arriving = this.#arriving
    if (this.isShut || !arriving) return
    arriving.waiting?.cancel()
    this.#session = connect(this.#services, { ...arriving, identity })
    this.#arriving = undefined
    await enterRooms(this.#services, this.#session, arriving.endpoint)
  }

  /** Bytes are weighed before anything is parsed. */
  receive(message: string | Uint8Array): void {
    if (this.isShut) return
    try {
      this.#quota.bytes(message.length + frameOverhead)
      if (typeof message !== 'string') throw new FanfareError('bad_frame', 'Frames are text, not binary.')
      this.take(message)
    } catch (error) {
      this.refuse(toFanfareError(error))
    }
  }

  /** Opens the session with an identity that is still being verified; frames that come meanwhile wait. */
  openWith(identify: () => Promise<Identity>): void {
    void this.takeFirst(async () => {
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
    this.shut()
    this.#arriving?.waiting?.cancel()
    if (this.#session) disconnect(this.#services, this.#session, clean)
  }

  /** Says what is wrong and ends the link. */
  refuse(error: FanfareError): void {
    if (this.isShut) return
    this.shut()
    if (this.#session) {
      this.#session.send(errorFrame(error))
      this.#session.end(error.code, error.message)
    } else if (this.#arriving) this.#turnAway(this.#arriving, error)
  }

  #turnAway({ link, dialect, waiting }: Arriving, error: FanfareError): void {
    waiting?.cancel()
    this.#services.metrics.add('fanfare_connects_refused_total')
    const frame = dialect.encode(errorFrame(error))
    if (frame !== undefined) link.write([frame])
    link.close(error.code, error.message)
  }

  protected override overflow(error: FanfareError): void {
    this.refuse(error)
  }

  /** One frame, once those before it are done. */
  protected override handle(text: string): Soon<void> {
    const services = this.#services
    services.metrics.add('fanfare_frames_received_total')
    let frame: ClientFrame | undefined
    try {
      this.#quota.frame()
      frame = this.#dialect.decode(text)
      if (this.#session) services.quotas.spend(this.#session)
      const handled = this.#follow(frame)
      if (handled === undefined) return
      const about = frame
      return handled.catch((thrown: unknown) => this.#answer(toFanfareError(thrown), about))
    } catch (thrown) {
      this.#answer(toFanfareError(thrown), frame ?? { id: frameIdOf(text) })
    }
  }

  /** There is one or the other. */
  get #dialect(): Dialect {
    return (this.#session ?? this.#arriving)!.dialect
  }

  #follow(frame: ClientFrame): Soon<void> {
    if (frame.type === 'auth') return this.#authenticate(frame.token, frame.id)
    if (this.#session) return dispatch(this.#services, this.#session, frame)
    throw new FanfareError('unauthenticated', 'Send an auth frame first.')
  }

  #answer(
    error: FanfareError,
    frame: ClientFrame | { readonly type?: 'auth'; readonly id?: FrameId | undefined },
  ): void {
    const services = this.#services
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
    const services = this.#services
    const credentials = { kind: 'token', token } as const
    const query = this.#arriving?.shown?.query ?? new URLSearchParams()
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
    const services = this.#services
    session.identity = identity
    session.user = services.auth.userOf(identity)
    session.send(greeting(services, session))
    tellOfSession(services, session, { action: 'session.refreshed', subject: session.id })
    await weighSession(services, session)
  }
}
