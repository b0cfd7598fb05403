/**
 * Keeps one link to the server: opens it, proves who it is, watches it, and opens another when it is lost. What it is
 * doing is its state; `transition` decides, this file acts. It carries frames and knows no rooms.
 */
import { type ClientFrame, type ConnectedFrame, defaultLimits, FanfareError, type ServerFrame } from '@fanfare/protocol'
import { type ConnectionSignal, type ConnectionState, transition } from './connection-state.ts'
import { type Credential, Credentials } from './credentials.ts'
import { type Failure, failureOf } from './failure.ts'
import { type Address, addressOf, type Link } from './link.ts'
import { type Stop, Watched } from './listeners.ts'
import type { Settings } from './options.ts'
import { Refresher } from './refresher.ts'
import { afterLoss } from './retry-policy.ts'
import type { Surroundings } from './surroundings.ts'
import { TransportChoice } from './transport-choice.ts'
import { Watchdog } from './watchdog.ts'

export type ConnectionEvents = {
  /** A new session: nothing of an earlier one is known to the server any more. */
  connected(): void
  frame(frame: ServerFrame): void
  /** For good, until started again by hand. */
  refused(error: FanfareError): void
}

export class Connection {
  readonly state: Watched<ConnectionState>
  readonly #settings: Settings
  readonly #surroundings: Surroundings
  readonly #events: ConnectionEvents
  readonly #credentials: Credentials
  readonly #transports: TransportChoice
  readonly #address: Address
  #link: Link | undefined
  /** Everything that belongs to the present status and ends with it. */
  readonly #scope = new Set<Stop>()
  #watchdog: Watchdog | undefined
  #refresher: Refresher | undefined
  #hintAt: number | undefined
  #linkFailure: Failure | undefined
  #unwatchPage: (() => void) | undefined

  constructor(settings: Settings, events: ConnectionEvents) {
    this.#settings = settings
    this.#surroundings = settings.surroundings
    this.#events = events
    this.#credentials = new Credentials(settings)
    this.#address = addressOf(settings.url, settings.path)
    this.#transports = new TransportChoice(settings, this.#address)
    this.state = new Watched<ConnectionState>({ status: 'idle' }, this.#surroundings.report)
  }

  get connected(): boolean {
    return this.state.getSnapshot().status === 'connected'
  }

  start(): void {
    const { status } = this.state.getSnapshot()
    if (status === 'closed') this.#credentials.forgive()
    this.#signal({ type: 'start' })
    if (this.state.getSnapshot().status !== status) this.#watchPage()
  }

  /** False when there is no session to send it in. */
  send(frame: ClientFrame): boolean {
    if (!this.connected || !this.#link) return false
    this.#link.send(frame)
    return true
  }

  close(): void {
    this.#dropLink()
    this.#unwatchPage?.()
    this.#signal({ type: 'close' })
  }

  #signal(signal: ConnectionSignal): void {
    const before = this.state.getSnapshot()
    const after = transition(before, signal)
    if (after === before) return
    if (after.status !== before.status) {
      this.#leaveStatus()
      this.#enterStatus(after)
    }
    this.state.set(after)
  }

  #leaveStatus(): void {
    for (const stop of this.#scope) stop()
    this.#scope.clear()
  }

  #enterStatus(state: ConnectionState): void {
    switch (state.status) {
      case 'connecting':
        this.#dial()
        return
      case 'connected':
        this.#after(this.#settings.reconnect.stableMs, () => this.#signal({ type: 'stable' }))
        if (state.transport === 'event-stream' && this.#surroundings.WebSocket) this.#planUpgrade()
        return
      case 'reconnecting':
      case 'suspended':
        this.#after(state.retryAt - this.#surroundings.clock.now(), () => this.#signal({ type: 'retry' }))
        return
      case 'closed':
      case 'idle':
        return
    }
  }

  #after(ms: number, callback: () => void): void {
    const timer = this.#surroundings.clock.after(Math.max(0, ms), () => {
      this.#scope.delete(stop)
      callback()
    })
    const stop = () => timer.cancel()
    this.#scope.add(stop)
  }

  #dial(): void {
    this.#hintAt = this.#linkFailure = undefined
    // Abandoned when the status changes: a slow token provider must not open a link that nobody waits for.
    let wanted = true
    this.#scope.add(() => {
      wanted = false
    })
    this.#after(this.#settings.connectTimeoutMs, () =>
      this.#lose(new FanfareError('unavailable', 'The server did not answer in time.')),
    )
    this.#credentials
      .obtain()
      .then((credential) => {
        if (wanted) this.#open(credential)
      })
      .catch((error: unknown) => {
        if (wanted) this.#lose(asUnavailable(error))
      })
  }

  #open(credential: Credential): void {
    const link: Link = this.#transports.open(credential, {
      opened: () => {
        if (credential.kind === 'token') link.send({ type: 'auth', token: credential.token })
      },
      frame: (frame) => this.#receive(link, frame),
      heard: () => {
        if (this.#link === link) this.#watchdog?.heard()
      },
      ended: (error) => {
        if (this.#link === link) this.#lose(error)
      },
    })
    this.#link = link
  }

  #receive(link: Link, frame: ServerFrame): void {
    if (this.#link !== link) return
    switch (frame.type) {
      case 'connected':
        this.#greeted(link, frame)
        return
      case 'reconnect':
        this.#hintAt = this.#surroundings.clock.now() + frame.afterMs
        return
      case 'error':
        if (frame.id === undefined && frame.room === undefined) this.#linkFailure = failureOf(frame)
        else this.#events.frame(frame)
        return
      case 'pong':
        return
      default:
        this.#events.frame(frame)
    }
  }

  /** The first greeting of a link opens the session; a later one follows a refresh. */
  #greeted(link: Link, frame: ConnectedFrame): void {
    const isNew = !this.connected
    this.#credentials.accepted()
    if (isNew) this.#attend(link, frame)
    this.#refresher?.schedule(frame)
    const session = { id: frame.session, tenantId: frame.tenantId, userId: frame.userId }
    this.#signal({ type: 'opened', transport: link.transport, session })
    if (isNew) this.#events.connected()
  }

  /** What runs beside a live link. */
  #attend(link: Link, frame: ConnectedFrame): void {
    this.#watchdog = new Watchdog({
      clock: this.#surroundings.clock,
      pingIntervalMs: frame.pingIntervalMs ?? defaultLimits.pingIntervalMs,
      pongTimeoutMs: frame.pongTimeoutMs ?? defaultLimits.pongTimeoutMs,
      ping: () => link.send({ type: 'ping' }),
      dead: () => this.#lose(new FanfareError('no_pong')),
    })
    if (this.#credentials.refreshable) {
      this.#refresher = new Refresher(this.#surroundings, async () => {
        const credential = await this.#credentials.obtain()
        if (this.#link === link && credential.kind === 'token') link.send({ type: 'auth', token: credential.token })
      })
    }
  }

  #lose(reason: FanfareError): void {
    const state = this.state.getSnapshot()
    if (state.status !== 'connecting' && state.status !== 'connected') return
    // An `error` frame that came before the close says more than the close code.
    const failure = this.#linkFailure ?? { error: reason, retry: reason.retry }
    const { clock, page, random } = this.#surroundings
    if (isAboutCredential(failure.error)) this.#credentials.refused()
    const loss = {
      ...failure,
      tries: state.tries,
      mayRenew: this.#credentials.mayRenew,
      hintMs: this.#hintAt === undefined ? undefined : Math.max(0, this.#hintAt - clock.now()),
    }
    const step = afterLoss(loss, this.#settings.reconnect, random)
    this.#dropLink()
    if (step.kind === 'stop') {
      this.#refuse(failure.error)
      return
    }
    const online = page.online()
    const retryAt = clock.now() + (online ? step.afterMs : Math.max(step.afterMs, this.#settings.reconnect.maxMs))
    this.#signal({ type: 'lost', error: failure.error, retryAt, online })
  }

  #refuse(error: FanfareError): void {
    this.#signal({ type: 'refused', error })
    this.#unwatchPage?.()
    this.#events.refused(error)
  }

  #dropLink(): void {
    const link = this.#link
    this.#link = undefined
    this.#watchdog?.stop()
    this.#refresher?.stop()
    this.#watchdog = this.#refresher = undefined
    link?.close()
  }

  /** An event stream serves; a WebSocket serves better. Every room resumes by position, so moving loses nothing. */
  #planUpgrade(): void {
    this.#after(this.#settings.fallback.upgradeMs, () => {
      let abandon: Stop | undefined
      abandon = this.#transports.probe((works) => {
        if (abandon) this.#scope.delete(abandon)
        if (!works) {
          this.#planUpgrade()
          return
        }
        this.#hintAt = this.#surroundings.clock.now()
        this.#lose(new FanfareError('unavailable', 'Moving to a WebSocket.'))
      })
      this.#scope.add(abandon)
    })
  }

  #watchPage(): void {
    const wake = () => {
      this.#signal({ type: 'retry' })
      this.#watchdog?.probe()
    }
    this.#unwatchPage?.()
    this.#unwatchPage = this.#surroundings.page.watch({
      online: wake,
      visible: wake,
      offline: () => this.#signal({ type: 'offline' }),
    })
  }
}

const isAboutCredential = (error: FanfareError): boolean =>
  error.code === 'unauthenticated' || error.code === 'token_expired'

/** What goes wrong before there is a link may pass: no address resolved, no socket made, no token to be had. */
const asUnavailable = (error: unknown): FanfareError =>
  error instanceof FanfareError
    ? error
    : new FanfareError('unavailable', `No connection could be opened: ${String(error)}`, { cause: error })
