/**
 * One session of a person, on a raw socket, from the first byte to the last. What all dialects share: it becomes ready, it
 * may end in several ways, and an end that nobody meant is a problem.
 */
import type { Socket } from 'bun'
import { giveUp } from '../../lib/control.ts'
import type { Person } from './person.ts'
import type { Rooms } from './rooms.ts'
import type { Tally } from './tally.ts'

export type Surroundings = { readonly port: number; readonly tally: Tally; readonly rooms: Rooms }

/** How a session ends: politely; cut off; or it falls silent and the server must find out. */
export type Leaving = 'goodbye' | 'killed' | 'silent'

export abstract class Life {
  readonly person: Person
  readonly around: Surroundings
  /** Everything that it asked for as it began is there. */
  ready = false
  leaving: Leaving | undefined
  /** Called once, when the socket is closed. */
  onEnd: (() => void) | undefined
  protected socket: Socket<Life> | undefined
  readonly begunAt = performance.now()

  constructor(person: Person, around: Surroundings) {
    this.person = person
    this.around = around
  }

  /** The link is there: say who is coming. */
  protected abstract begun(): void
  abstract data(chunk: Buffer): void
  abstract drained(): void
  /** Keeps the session alive. */
  abstract beat(): void
  protected abstract sayGoodbye(): void

  get who(): string {
    const { kind, index, userId } = this.person
    return `${kind} ${index} ${userId}`
  }

  leave(how: Leaving): void {
    this.leaving = how
    if (how === 'goodbye') this.sayGoodbye()
    if (how === 'killed') this.socket?.terminate()
  }

  protected becomesReady(): void {
    if (this.ready) return
    this.ready = true
    this.around.tally.opened++
  }

  protected unexpected(text: string): void {
    if (this.leaving === undefined)
      this.around.tally.problem(`told what was not expected: ${this.who}: ${text.slice(0, 300)}`)
  }

  closed(): void {
    if (this.leaving === undefined) this.around.tally.problem(`the server closed the link: ${this.who}`)
    this.leaving ??= 'killed'
    this.onEnd?.()
  }

  async open(): Promise<void> {
    await Bun.connect<Life>({ hostname: '127.0.0.1', port: this.around.port, data: this, socket: handlers })
  }

  begin(socket: Socket<Life>): void {
    this.socket = socket
    this.begun()
  }
}

/** Once somebody leaves, what still comes is of no interest to them. */
const handlers = {
  open: (socket: Socket<Life>) => socket.data.begin(socket),
  data: (socket: Socket<Life>, chunk: Buffer) => {
    const life = socket.data
    // Who fell silent does not answer the server's pings either.
    if (life.leaving === 'killed' || life.leaving === 'silent') return
    try {
      life.data(chunk)
    } catch (error) {
      if (life.leaving === undefined) life.around.tally.problem(`${String(error)}: ${life.who}`)
    }
  },
  drain: (socket: Socket<Life>) => socket.data.drained(),
  error: (_: unknown, error: Error) => giveUp(error),
  close: (socket: Socket<Life>) => socket.data.closed(),
}
