/** What of all that is told goes into chains: not what the application left out, and what happens all the time only once a minute. */
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Audit, type AuditAction, type AuditEntry, type AuditUrgency, operatorTenant } from '../../model/audit.ts'
import { FirstOfMinute } from './first-of-minute.ts'

/** Connections, subscriptions and readings that were let through: what `reads: false` leaves out. */
const reads: ReadonlySet<AuditAction> = new Set<AuditAction>([
  'session.opened',
  'session.closed',
  'room.subscribed',
  'room.left',
  'room.published',
  'history.read',
  'presence.read',
  'message.read',
  'command.run',
])

/** Where the first of a minute says enough: the rest differs from it in nothing that is kept. */
const often: ReadonlySet<AuditAction> = new Set<AuditAction>([
  'session.refused',
  'room.published',
  'room.refused',
  'command.run',
  'command.refused',
  'request.refused',
  'key.used',
])
/** By the application's own code, which may do them for every event. */
const oftenByApplication: ReadonlySet<AuditAction> = new Set<AuditAction>(['history.read', 'presence.read'])

const minuteMs = 60_000
/** Kinds of refusal that are counted apart. */
const mostCounted = 200

export type KeeperOptions = { readonly clock: Clock; readonly reads: boolean; readonly recorder: Audit }

const done: Promise<void> = Promise.resolve()

type Counted = { readonly entry: AuditEntry; times: number }

export class Keeper implements Audit {
  readonly #options: KeeperOptions
  readonly #firsts: FirstOfMinute
  /** What anybody may cause as often as they like. */
  readonly #counted = new Map<string, Counted>()
  #last: AuditEntry | undefined
  #lastMinute = 0
  #timer: Timer | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#firsts = new FirstOfMinute(options.clock)
  }

  start(): void {
    this.#timer = this.#options.clock.every(minuteMs, () => this.#tellCounted())
  }

  record(entry: AuditEntry, urgency?: AuditUrgency): Promise<void> {
    const { action, actor, subject = '', tenantId } = entry
    if (!this.#options.reads && reads.has(action)) return done
    if (tenantId === operatorTenant) return this.#count(entry, urgency)
    if (often.has(action) || (actor.kind === 'application' && oftenByApplication.has(action))) {
      if (this.#isAgain(entry)) return done
      const who = idOf(actor)
      const code = entry.detail?.code ?? ''
      if (!this.#firsts.is(`${tenantId}|${action}|${code}|${actor.kind}|${who.length}:${who}|${subject}`)) return done
    }
    return this.#options.recorder.record(entry, urgency)
  }

  /** Whether it says what the one before said, in the same minute: publishes of one connection come many at a time. */
  #isAgain(entry: AuditEntry): boolean {
    const minute = Math.floor(this.#options.clock.now() / minuteMs)
    const isAgain = minute === this.#lastMinute && this.#last !== undefined && isSame(this.#last, entry)
    this.#last = entry
    this.#lastMinute = minute
    return isAgain
  }

  /** The first of a minute is kept as it is, the others as one that says how many they were. */
  #count(entry: AuditEntry, urgency: AuditUrgency | undefined): Promise<void> {
    const what = JSON.stringify([entry.action, entry.subject, entry.detail])
    const known = this.#counted.get(what)
    if (known) {
      known.times++
      return done
    }
    if (this.#counted.size >= mostCounted) this.#tellCounted()
    this.#counted.set(what, { entry, times: 0 })
    return this.#options.recorder.record(entry, urgency)
  }

  #tellCounted(): void {
    for (const { entry, times } of this.#counted.values()) {
      if (times > 0) void this.#options.recorder.record({ ...entry, detail: { ...entry.detail, times } })
    }
    this.#counted.clear()
  }

  /** Tells what was counted until now. */
  stop(): void {
    this.#timer?.cancel()
    this.#tellCounted()
  }
}

const isSame = (one: AuditEntry, other: AuditEntry): boolean =>
  one.action === other.action &&
  one.subject === other.subject &&
  one.tenantId === other.tenantId &&
  one.actor.kind === other.actor.kind &&
  idOf(one.actor) === idOf(other.actor) &&
  one.detail?.code === other.detail?.code

const idOf = (actor: AuditEntry['actor']): string => ('id' in actor ? actor.id : '')
