/** A supervisor whose workers are no processes: the test says what becomes of each, and when. */
import type { LogFields } from '../lib/log.ts'
import type { ChildEvents, Processes } from './processes.ts'
import { fakeTerminal } from './terminal.fake.ts'
import { supervise } from './workers.ts'

export class FakeWorker {
  readonly number: number
  readonly #events: ChildEvents
  readonly #lived: Set<FakeWorker>
  told: string[] = []
  killed = false

  constructor(number: number, events: ChildEvents, lived: Set<FakeWorker>) {
    this.number = number
    this.#events = events
    this.#lived = lived
    lived.add(this)
  }

  get alive(): boolean {
    return this.#lived.has(this)
  }

  isReady(): void {
    this.#events.heard({ type: 'ready', url: 'http://127.0.0.1:8080' })
  }

  ends(code: number | null = 0, signal: string | null = null): void {
    if (!this.#lived.delete(this)) throw new Error('It has ended before.')
    this.#events.ended({ code, signal })
  }

  crashes(): void {
    this.ends(null, 'SIGSEGV')
  }
}

export const workersWorld = ({ count = 3, shutdownMs = 30_000 } = {}) => {
  const all: FakeWorker[] = []
  const lived = new Set<FakeWorker>()
  const hangUps = new Set<() => void>()
  const processes: Processes = {
    start(words, _, events) {
      const worker = new FakeWorker(Number(words.at(-1)), events, lived)
      all.push(worker)
      return {
        pid: all.length,
        tell: (message) => void worker.told.push((message as { type: string }).type),
        kill: () => {
          worker.killed = true
          if (worker.alive) queueMicrotask(() => worker.alive && worker.ends(null, 'SIGKILL'))
        },
      }
    },
    pid: 1_000,
    parent: undefined,
    onHangUp(callback) {
      hangUps.add(callback)
      return () => hangUps.delete(callback)
    },
    cores: 4,
    sharesPorts: true,
  }
  const world = fakeTerminal({ processes })
  const said: string[] = []
  const say = ({ worker }: LogFields, text: string) => void said.push(worker ? `${worker}: ${text}` : text)
  let ups = 0
  const ended = supervise(world.terminal, {
    count,
    words: (number) => ['start', 'app.ts', '--worker', String(number)],
    shutdownMs,
    log: { debug: say, info: say, warn: say, error: say },
    up: () => void ups++,
  })
  const outcome: { how: 'runs' | 'ended' | Error } = { how: 'runs' }
  ended.then(
    () => {
      outcome.how = 'ended'
    },
    (error: Error) => {
      outcome.how = error
    },
  )
  return {
    clock: world.clock,
    signal: world.signal,
    /** How many wait for a signal. */
    get listening() {
      return world.listening
    },
    said,
    outcome,
    ended,
    hangsUp: () => hangUps.forEach((callback) => void callback()),
    get ups() {
      return ups
    },
    /** Every worker that was ever started, in order. */
    get started() {
      return all.map(({ number }) => number)
    },
    get alive() {
      return [...lived]
    },
    /** The last one started. */
    get newest() {
      return all.at(-1)!
    },
    worker: (number: number) => [...lived].filter((worker) => worker.number === number).at(-1)!,
    /** Every worker is started and ready. */
    begins() {
      all[0]!.isReady()
      for (const worker of all.slice(1)) worker.isReady()
    },
  }
}
