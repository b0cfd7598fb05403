/**
 * Takes entries as they come and keeps them, without holding up whoever tells them: those of a tenant that come while others
 * of it are being written go together into the next transaction. While the store is away they wait, up to a bound; what is
 * over it is counted, and the chain says later how many were lost.
 */
import { FanfareError } from '@fanfare/protocol'
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Deferred, deferred } from '../../lib/deferred.ts'
import type { Log } from '../../lib/log.ts'
import type { OwnMetrics } from '../../lib/metrics.ts'
import { SeldomWarning } from '../../lib/seldom.ts'
import type { Audit, AuditEntry, AuditUrgency } from '../../model/audit.ts'
import type { KeptEntry } from './chain.ts'
import { cleanEntry } from './clean.ts'

export type RecorderOptions = {
  readonly clock: Clock
  readonly log: Log
  /** Puts entries into the chain of the tenant, all or none. @throws FanfareError `unavailable` while the store is away */
  readonly keep: (tenantId: string, entries: readonly KeptEntry[]) => Promise<void>
  readonly metrics: OwnMetrics
  /** Entries that wait, of all tenants. @default 10000 */
  readonly most?: number
}

/** Of one transaction: it holds the chain of the tenant, and a connection, for as long as it takes. */
const batchEntries = 500
/** Transactions at once: the audit is not to have the store for itself. */
const tenantsAtOnce = 3
/** What nobody waits for goes together with what comes within this time. */
const soonMs = 100
const shortestPauseMs = 250
const longestPauseMs = 5_000

type Counter = ReturnType<OwnMetrics['counter']>
/** `urgent`: somebody waits for it, or it is full, or was tried before. */
type Batch = { readonly entries: KeptEntry[]; readonly kept: Deferred<void>; urgent: boolean }
type Line = {
  readonly tenantId: string
  readonly batches: Batch[]
  lost: number
  state: 'idle' | 'waits' | 'due'
}

export class Recorder implements Audit {
  readonly #options: RecorderOptions
  readonly #most: number
  readonly #lines = new Map<string, Line>()
  readonly #due: Line[] = []
  readonly #dropped: SeldomWarning
  readonly #kept: Counter
  readonly #lost: Counter
  #waiting = 0
  #running = 0
  #woken = false
  #stopping = false
  #soon: Timer | undefined
  #soonMs = soonMs
  /** When the round of those who waited began. */
  #beganAt: number | undefined
  #pauseMs = 0
  #pause: Timer | undefined
  #idle: Deferred<void> | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#most = options.most ?? 10_000
    this.#dropped = new SeldomWarning(options, 'the store is away or too slow: entries of the audit are lost')
    this.#kept = options.metrics.counter('fanfare_audit_entries_total', 'Entries kept in the audit.')
    this.#lost = options.metrics.counter('fanfare_audit_lost_total', 'Entries of the audit that could not be kept.')
  }

  /** How many wait to be kept. */
  get waiting(): number {
    return this.#waiting
  }

  record(entry: AuditEntry, urgency: AuditUrgency = 'now'): Promise<void> {
    const line = this.#lineOf(entry.tenantId)
    if (this.#waiting >= this.#most) {
      line.lost++
      this.#lost.add()
      this.#dropped.warn({ tenant: entry.tenantId, waiting: this.#waiting })
      return refused('The audit cannot take more just now.')
    }
    const batch = batchOf(line)
    batch.entries.push(cleanEntry(entry, this.#options.clock.now()))
    this.#waiting++
    if (urgency === 'now' || batch.entries.length >= batchEntries) batch.urgent = true
    this.#queueAgain(line)
    // It is kept later; whoever must know it is kept is not to wait for a store that is away.
    return this.#pause
      ? refused('The audit cannot be written just now; what was told is kept as soon as it can.')
      : batch.kept.promise
  }

  #lineOf(tenantId: string): Line {
    const known = this.#lines.get(tenantId)
    if (known) return known
    const line: Line = { tenantId, batches: [], lost: 0, state: 'idle' }
    this.#lines.set(tenantId, line)
    return line
  }

  #queueAgain(line: Line): void {
    if (line.batches[0]?.urgent || line.batches.length > 1) this.#queue(line)
    else this.#queueSoon(line)
  }

  #queue(line: Line): void {
    if (line.state === 'due') return
    line.state = 'due'
    this.#due.push(line)
    this.#wake()
  }

  /** With what else comes until then: a transaction costs much more than an entry. */
  #queueSoon(line: Line): void {
    if (line.state !== 'idle') return
    line.state = 'waits'
    this.#soon ??= this.#options.clock.after(this.#soonMs, () => {
      this.#soon = undefined
      this.#beganAt = performance.now()
      for (const waiting of this.#lines.values()) if (waiting.state === 'waits') this.#queue(waiting)
    })
  }

  /** After whatever else this tick tells. */
  #wake(): void {
    if (this.#woken || this.#pause) return
    this.#woken = true
    setImmediate(() => {
      this.#woken = false
      this.#run()
    })
  }

  #run(): void {
    while (!this.#pause && this.#running < tenantsAtOnce) {
      const line = this.#due.shift()
      if (!line) break
      this.#running++
      void this.#write(line).finally(() => {
        this.#running--
        this.#after(line)
      })
    }
    if (this.#running > 0 || this.#due.length > 0) return
    this.#rest()
    this.#idle?.resolve()
  }

  /** However many tenants there are, the store is not busy with this for more than a fifth of the time. */
  #rest(): void {
    if (this.#beganAt === undefined) return
    this.#soonMs = Math.min(longestPauseMs, Math.max(soonMs, 4 * (performance.now() - this.#beganAt)))
    this.#beganAt = undefined
  }

  #after(line: Line): void {
    line.state = 'idle'
    if (line.batches.length > 0) this.#queueAgain(line)
    // What was lost is told with what comes next.
    else if (line.lost === 0) this.#lines.delete(line.tenantId)
    this.#run()
  }

  /** Never throws. */
  async #write(line: Line): Promise<void> {
    const batch = line.batches[0] ?? { entries: [], kept: deferred(), urgent: true }
    const { lost } = line
    const entries = lost === 0 ? batch.entries : [this.#lossOf(line), ...batch.entries]
    // What comes from now on goes into the next.
    line.batches.shift()
    try {
      await this.#options.keep(line.tenantId, entries)
      this.#pauseMs = 0
      line.lost -= lost
      this.#waiting -= batch.entries.length
      this.#kept.add(entries.length)
      batch.kept.resolve()
    } catch (error) {
      if (error instanceof FanfareError && error.code !== 'internal') this.#comeBack(line, batch, error)
      else this.#giveUp(line, batch, error)
    }
  }

  #lossOf({ lost, tenantId }: Line): KeptEntry {
    const entry = { tenantId, action: 'entries.lost', actor: { kind: 'operator' }, detail: { entries: lost } } as const
    return cleanEntry(entry, this.#options.clock.now())
  }

  /** Those who wait are told; the entries stay in front, and are tried again. */
  #comeBack(line: Line, batch: Batch, error: FanfareError): void {
    if (this.#stopping) {
      this.#giveUp(line, batch, error)
      return
    }
    batch.kept.reject(error)
    line.batches.unshift({ entries: batch.entries, kept: handled(), urgent: true })
    if (this.#pause) return
    const { clock, log } = this.#options
    log.warn({ error, waiting: this.#waiting }, 'the audit cannot be written; it is tried again')
    this.#pauseMs = Math.min(longestPauseMs, Math.max(shortestPauseMs, this.#pauseMs * 2))
    this.#pause = clock.after(this.#pauseMs, () => {
      this.#pause = undefined
      this.#run()
    })
  }

  /** Nothing that time would heal: whatever comes after must not wait behind it. */
  #giveUp(line: Line, batch: Batch, error: unknown): void {
    const { length } = batch.entries
    this.#options.log.error({ error, tenant: line.tenantId, entries: length }, 'entries of the audit are lost')
    line.lost += length
    this.#lost.add(length)
    this.#waiting -= length
    batch.kept.reject(new FanfareError('unavailable', 'The audit could not be written.', { cause: error }))
  }

  /** Writes what waits, at once. What cannot be written now is lost, and the log says so. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#pause?.cancel()
    this.#pause = undefined
    this.#soon?.cancel()
    for (const line of this.#lines.values()) this.#queue(line)
    this.#idle = deferred()
    this.#run()
    await this.#idle.promise
  }
}

const handled = (): Deferred<void> => {
  const kept = deferred()
  // Nobody need wait for it.
  kept.promise.catch(() => {})
  return kept
}

const batchOf = (line: Line): Batch => {
  const last = line.batches.at(-1)
  if (last && last.entries.length < batchEntries) return last
  const batch: Batch = { entries: [], kept: handled(), urgent: false }
  line.batches.push(batch)
  return batch
}

const refused = (message: string): Promise<void> => {
  const promise = Promise.reject(new FanfareError('unavailable', message, { retryAfterMs: 1_000 }))
  promise.catch(() => {})
  return promise
}
