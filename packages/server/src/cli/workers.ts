/**
 * `fanfare start --workers N`: one process that looks after N others, each a node, all on one port. Does what
 * `supervisor.ts` decides, and owns no decision of its own. Serves nobody itself.
 */
import { createServer } from 'node:net'
import type { Log } from '../lib/log.ts'
import type { Child } from './processes.ts'
import { type Action, beforeStart, type Happening, type Supervised, transition } from './supervisor.ts'
import type { Terminal } from './terminal.ts'

/** From the start of a worker until it must be ready. */
const startMs = 60_000
/** What a worker may take to end beyond the time that its node allows itself. */
const afterwardsMs = 2_000
/** A terminal and a wrapper may both pass on one Ctrl-C; within this time it counts once. */
const sameSignalMs = 300

export type ToWorker = { readonly type: 'stop' }
export type FromWorker = { readonly type: 'ready'; readonly url: string }

export type Running = { readonly url: string; readonly pids: readonly number[] }

export type SuperviseOptions = {
  readonly count: number
  /** The words of the command line that make a worker of this program. */
  readonly words: (worker: number) => readonly string[]
  /** What a node takes to stop, at most. */
  readonly shutdownMs: number
  readonly log: Log
  /** Called once, when every worker is ready. */
  readonly up: (running: Running) => void
}

/** Whatever was typed after `--workers`. @throws Error that says what is wrong */
export const countWorkers = (given: string, { cores, sharesPorts }: Terminal['processes']): number => {
  const count = given === 'auto' ? cores : Number(given)
  if (!Number.isInteger(count) || count < 1 || count > 1_024) {
    throw new Error(`--workers takes a number from 1 to 1024, or auto for one worker a core, but not ${given}.`)
  }
  if (count > 1 && !sharesPorts) {
    throw new Error('--workers needs Linux, which spreads connections over processes. Here, start without it.')
  }
  return count
}

/**
 * The port that all workers are to listen on, found free. Without this, a second supervisor would quietly take part of the
 * connections of the first.
 *
 * @throws Error when another process listens there
 */
export const findPort = ({ host, port }: { readonly host: string; readonly port: number }): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another process listens there' : error.message
      reject(new Error(`Port ${port} of ${host} cannot be used: ${why}.`))
    })
    probe.listen({ host, port, exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : port))
    })
  })

/** Resolves when it was told to stop and every worker has ended well. @throws Error that says why it ended otherwise */
export const supervise = (terminal: Terminal, options: SuperviseOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const supervision = new Supervision(terminal, options, (failure) => {
      if (failure === undefined) resolve()
      else reject(new Error(failure))
    })
    supervision.begin()
  })

class Supervision {
  readonly #terminal: Terminal
  readonly #options: SuperviseOptions
  readonly #ended: (failure: string | undefined) => void
  readonly #children = new Map<number, Child>()
  readonly #offs: (() => void)[]
  #state: Supervised
  #url = ''
  #toldAt: number | undefined
  #over = false

  constructor(terminal: Terminal, options: SuperviseOptions, ended: (failure: string | undefined) => void) {
    this.#terminal = terminal
    this.#options = options
    this.#ended = ended
    this.#state = beforeStart(options.count)
    this.#offs = [
      terminal.onSignal(() => this.#told()),
      terminal.processes.onHangUp(() => this.#happens({ type: 'roll' })),
    ]
  }

  begin(): void {
    this.#happens({ type: 'begin' })
  }

  #told(): void {
    const now = this.#terminal.clock.now()
    if (this.#toldAt === undefined) {
      this.#toldAt = now
      this.#terminal.note('Stopping: clients are told when to come back. Once more ends it at once.')
      this.#happens({ type: 'stop' })
    } else if (now - this.#toldAt > sameSignalMs) this.#happens({ type: 'abandon' })
  }

  #happens(happening: Happening): void {
    if (this.#over) return
    const { state, actions } = transition(this.#state, happening, this.#terminal.clock.now())
    this.#state = state
    for (const action of actions) this.#do(action)
  }

  #do(action: Action): void {
    const { shutdownMs, log, up } = this.#options
    switch (action.type) {
      case 'start':
        this.#start(action.serial, action.slot)
        break
      case 'stop':
        this.#children.get(action.serial)?.tell({ type: 'stop' } satisfies ToWorker)
        this.#later(shutdownMs + afterwardsMs, { type: 'late', serial: action.serial, with: 'stop' })
        break
      case 'kill':
        this.#children.get(action.serial)?.kill()
        break
      case 'wait':
        this.#later(action.ms, { type: 'due', slot: action.slot })
        break
      case 'say':
        log[action.level](action.worker === undefined ? {} : { worker: action.worker }, action.text)
        break
      case 'up':
        up({ url: this.#url, pids: [...this.#children.values()].map(({ pid }) => pid ?? 0) })
        break
      case 'end':
        this.#end(action.failure)
    }
  }

  #start(serial: number, slot: number): void {
    const child = this.#terminal.processes.start(
      this.#options.words(slot),
      // What the workers print goes to the same terminal.
      this.#terminal.colour ? { FORCE_COLOR: '1' } : {},
      {
        heard: (message) => {
          if (!isReady(message)) return
          this.#url = message.url
          this.#happens({ type: 'ready', serial })
        },
        ended: (how) => {
          this.#children.delete(serial)
          this.#happens({ type: 'ended', serial, how })
        },
      },
    )
    this.#children.set(serial, child)
    this.#later(startMs, { type: 'late', serial, with: 'start' })
  }

  #later(ms: number, happening: Happening): void {
    this.#terminal.clock.after(ms, () => this.#happens(happening))
  }

  #end(failure: string | undefined): void {
    this.#over = true
    for (const off of this.#offs) off()
    this.#ended(failure)
  }
}

const isReady = (message: unknown): message is FromWorker =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
