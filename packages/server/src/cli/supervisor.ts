/**
 * What becomes of the workers of `fanfare start --workers N`, as one pure function from what happened to what is to be done.
 * Starts, signals and tells nobody itself: `workers.ts` does.
 *
 * Each of the N slots has one worker; during a rolling restart the one that is replaced has two, so that its clients find
 * the new one, and a program that does not start costs nothing but itself.
 */

/** A worker that lived longer than this did not die of its start. */
const youngMs = 30_000
/** Of a program of which no worker was ever ready. */
const mostYoungDeaths = 5
const backoff = { minMs: 500, maxMs: 10_000 }

export type How = { readonly code: number | null; readonly signal: string | null }

type Worker = {
  /** Its own, never used again. */
  readonly serial: number
  /** From 1. */
  readonly slot: number
  readonly status: 'starting' | 'ready' | 'leaving'
  readonly startedAt: number
}

export type Supervised = {
  readonly count: number
  /** `first`: one worker alone, so that a program that cannot start says why once. */
  readonly phase: 'first' | 'running' | 'stopping'
  readonly workers: readonly Worker[]
  readonly nextSerial: number
  /** By slot: how many died young, one after another. */
  readonly youngDeaths: ReadonlyMap<number, number>
  /** The rolling restart under way: slots whose turn is to come, and the new worker that is awaited. */
  readonly rolling: { readonly slots: readonly number[]; readonly fresh: number | undefined } | undefined
  /** All were ready once. */
  readonly announced: boolean
  /** Why it does not end well. */
  readonly failure: string | undefined
}

export type Happening =
  | { readonly type: 'begin' }
  | { readonly type: 'ready'; readonly serial: number }
  | { readonly type: 'ended'; readonly serial: number; readonly how: How }
  /** The time to wait before a slot is filled again is over. */
  | { readonly type: 'due'; readonly slot: number }
  /** The time that a worker has for its start, or for its stop, is over. */
  | { readonly type: 'late'; readonly serial: number; readonly with: 'start' | 'stop' }
  | { readonly type: 'roll' }
  | { readonly type: 'stop' }
  /** Told to stop again. */
  | { readonly type: 'abandon' }

export type Action =
  | { readonly type: 'start'; readonly serial: number; readonly slot: number }
  | { readonly type: 'stop'; readonly serial: number }
  | { readonly type: 'kill'; readonly serial: number }
  | { readonly type: 'wait'; readonly slot: number; readonly ms: number }
  | { readonly type: 'say'; readonly level: 'info' | 'warn' | 'error'; readonly text: string; readonly worker?: number }
  /** Every slot has a worker that is ready, for the first time. */
  | { readonly type: 'up' }
  | { readonly type: 'end'; readonly failure: string | undefined }

export type Step = { readonly state: Supervised; readonly actions: readonly Action[] }

export const beforeStart = (count: number): Supervised => ({
  count,
  phase: 'first',
  workers: [],
  nextSerial: 1,
  youngDeaths: new Map(),
  rolling: undefined,
  announced: false,
  failure: undefined,
})

/** @param now ms, of any clock that does not go backwards */
export const transition = (state: Supervised, happening: Happening, now: number): Step => {
  const work = new Work(state, now)
  switch (happening.type) {
    case 'begin':
      work.start(1)
      break
    case 'ready':
      work.ready(happening.serial)
      break
    case 'ended':
      work.ended(happening.serial, happening.how)
      break
    case 'due':
      work.due(happening.slot)
      break
    case 'late':
      work.late(happening.serial, happening.with)
      break
    case 'roll':
      work.roll()
      break
    case 'stop':
      work.stop(undefined)
      break
    case 'abandon':
      work.abandon()
  }
  return { state: work.state, actions: work.actions }
}

const slotsOf = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)

/** One transition: the state as far as it has come, and the actions so far. */
class Work {
  state: Supervised
  readonly actions: Action[] = []
  readonly #now: number

  constructor(state: Supervised, now: number) {
    this.state = state
    this.#now = now
  }

  start(slot: number): number {
    const serial = this.state.nextSerial
    const worker: Worker = { serial, slot, status: 'starting', startedAt: this.#now }
    this.#change({ nextSerial: serial + 1, workers: [...this.state.workers, worker] })
    this.actions.push({ type: 'start', serial, slot })
    return serial
  }

  ready(serial: number): void {
    const worker = this.#find(serial)
    if (worker?.status !== 'starting') return
    this.#mark(serial, 'ready')
    if (this.state.phase === 'first') {
      this.#change({ phase: 'running' })
      for (const slot of slotsOf(this.state.count).slice(1)) this.start(slot)
    }
    if (this.state.rolling?.fresh === serial) this.#replaced(worker)
    if (!this.state.announced && slotsOf(this.state.count).every((slot) => this.#hasReady(slot))) {
      this.#change({ announced: true })
      this.actions.push({ type: 'up' })
    }
  }

  ended(serial: number, how: How): void {
    const worker = this.#find(serial)
    if (!worker) return
    this.#change({ workers: this.state.workers.filter((other) => other !== worker) })
    if (worker.status !== 'leaving') this.#died(worker, how)
    else if (how.code !== 0) this.#say('warn', `a worker did not stop well: ${inWords(how)}`, worker.slot)
    if (worker.status === 'leaving' && this.state.phase === 'stopping' && how.code !== 0) {
      this.#change({ failure: this.state.failure ?? 'Not every worker stopped well.' })
    }
    this.#goOn()
  }

  due(slot: number): void {
    if (this.state.phase !== 'stopping' && !this.#hasWorker(slot)) this.start(slot)
  }

  late(serial: number, late: 'start' | 'stop'): void {
    const worker = this.#find(serial)
    if (worker?.status !== (late === 'start' ? 'starting' : 'leaving')) return
    this.#say('error', `a worker took too long to ${late} and is killed`, worker.slot)
    this.actions.push({ type: 'kill', serial })
  }

  roll(): void {
    if (this.state.phase !== 'running') return
    const under = this.state.rolling
    this.#say('info', under ? 'workers are replaced again after this one' : 'workers are replaced, one after another')
    this.#change({ rolling: { slots: slotsOf(this.state.count), fresh: under?.fresh } })
    this.#goOn()
  }

  stop(failure: string | undefined): void {
    if (this.state.phase === 'stopping') return
    this.#change({ phase: 'stopping', rolling: undefined, failure })
    if (failure !== undefined && this.state.workers.length > 0) this.#say('error', `${failure} Every worker is stopped`)
    for (const { serial, status } of this.state.workers) if (status !== 'leaving') this.#tellToStop(serial)
    this.#goOn()
  }

  abandon(): void {
    for (const { serial } of this.state.workers) this.actions.push({ type: 'kill', serial })
    this.actions.push({ type: 'end', failure: 'Told to stop twice: ended without waiting for clients.' })
  }

  #died(worker: Worker, how: How): void {
    const { slot } = worker
    this.#say('error', `a worker died: ${inWords(how)}`, slot)
    if (this.state.phase === 'first' && how.code !== null) {
      this.stop(`The first worker ended before it was ready, ${inWords(how)}. What it said stands above.`)
      return
    }
    if (this.state.rolling?.fresh === worker.serial) {
      this.#change({ rolling: undefined })
      this.#say('error', 'the rolling restart is given up; the workers that are left stay as they are', slot)
    }
    // In a rolling restart the other one of the slot is there, or on its way.
    if (this.#hasWorker(slot)) return
    const young = this.#now - worker.startedAt < youngMs
    const deaths = young ? (this.state.youngDeaths.get(slot) ?? 0) + 1 : 0
    this.#change({ youngDeaths: new Map(this.state.youngDeaths).set(slot, deaths) })
    const often = `died ${deaths} times within ${youngMs / 1000} s of its start, the last time ${inWords(how)}`
    if (deaths >= mostYoungDeaths && this.state.phase === 'first') {
      this.stop(`Worker ${slot} ${often}. What it said stands above.`)
      return
    }
    // The program can start, for one did: what ails this one may pass, and the others serve people meanwhile.
    if (deaths === mostYoungDeaths) this.#say('error', `a worker ${often}; it is tried again, the others go on`, slot)
    const ms = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.max(0, deaths - 1))
    this.actions.push({ type: 'wait', slot, ms })
  }

  /** The new worker of a rolling restart is ready: the old one may go. */
  #replaced({ serial, slot }: Worker): void {
    this.#change({ rolling: { slots: this.state.rolling?.slots ?? [], fresh: undefined } })
    for (const old of this.state.workers) {
      if (old.slot === slot && old.serial !== serial && old.status !== 'leaving') this.#tellToStop(old.serial)
    }
    this.#goOn()
  }

  /** The next step of a stop or a rolling restart, where nothing is left to wait for. */
  #goOn(): void {
    const { failure, phase, rolling, workers } = this.state
    if (phase === 'stopping') {
      if (workers.length === 0) this.actions.push({ type: 'end', failure })
      return
    }
    if (!rolling || rolling.fresh !== undefined || workers.some(({ status }) => status === 'leaving')) return
    const [slot, ...slots] = rolling.slots
    if (slot === undefined) {
      this.#change({ rolling: undefined })
      this.#say('info', 'every worker was replaced')
    } else this.#change({ rolling: { slots, fresh: this.start(slot) } })
  }

  #tellToStop(serial: number): void {
    this.#mark(serial, 'leaving')
    this.actions.push({ type: 'stop', serial })
  }

  #find(serial: number): Worker | undefined {
    return this.state.workers.find((worker) => worker.serial === serial)
  }

  #hasReady(slot: number): boolean {
    return this.state.workers.some((worker) => worker.slot === slot && worker.status === 'ready')
  }

  #hasWorker(slot: number): boolean {
    return this.state.workers.some((worker) => worker.slot === slot && worker.status !== 'leaving')
  }

  #mark(serial: number, status: Worker['status']): void {
    this.#change({
      workers: this.state.workers.map((worker) => (worker.serial === serial ? { ...worker, status } : worker)),
    })
  }

  #say(level: 'info' | 'warn' | 'error', text: string, worker?: number): void {
    this.actions.push({ type: 'say', level, text, ...(worker === undefined ? {} : { worker }) })
  }

  #change(change: Partial<Supervised>): void {
    this.state = { ...this.state, ...change }
  }
}

const inWords = ({ code, signal }: How): string => (signal === null ? `with exit code ${code}` : `by ${signal}`)
