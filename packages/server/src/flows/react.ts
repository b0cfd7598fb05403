/**
 * Reactions: after a publish, on the node that took it, one after another for each room. An event of a durable room stays
 * marked in the engine until its reactions are done, so a crash between publish and reaction is made good at the next start.
 */
import { FanfareError, type RoomEvent } from '@fanfare/protocol'
import type { App, AppContext } from '../app/app.ts'
import type { Unreacted } from '../engine/room-log.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../lib/metrics.ts'
import type { LogRoom } from '../model/room.ts'
import { type RoomKey, roomKey } from '../model/room-key.ts'

/** A chain of reactions that is longer is a loop. */
const maxDepth = 8

export type ReactorOptions = {
  readonly app: Pick<App, 'reactions'>
  readonly unreacted: Unreacted
  readonly metrics: Metrics
  readonly log: Log
  readonly context: (event: RoomEvent, depth: number) => AppContext
}

export class Reactor {
  readonly #options: ReactorOptions
  readonly #chains = new Map<RoomKey, Promise<void>>()

  constructor(options: ReactorOptions) {
    this.#options = options
  }

  react(room: Pick<LogRoom, 'key'>, event: RoomEvent, depth: number): void {
    if (this.#options.app.reactions(event.type).length === 0) return
    const before = this.#chains.get(room.key) ?? Promise.resolve()
    const chain = before.then(() => this.#run(event, depth))
    this.#chains.set(room.key, chain)
    chain.finally(() => {
      if (this.#chains.get(room.key) === chain) this.#chains.delete(room.key)
    })
  }

  async #run(event: RoomEvent, depth: number): Promise<void> {
    const { app, context, log, metrics, unreacted } = this.#options
    try {
      if (depth >= maxDepth)
        throw new FanfareError('internal', `Reactions led to each other ${maxDepth} times; this is a loop.`)
      for (const reaction of app.reactions(event.type)) {
        await reaction(context(event, depth + 1), event)
      }
      unreacted.done(event)
    } catch (error) {
      // Still marked as unreacted where the room is durable: the next start tries again.
      metrics.add('fanfare_reactions_failed_total')
      log.error({ error, event: event.id, type: event.type, room: event.room }, 'a reaction failed')
    }
  }

  /** Runs what an earlier process left undone. Call once, after the engine has started. */
  async makeGood(): Promise<void> {
    const { app, log, unreacted } = this.#options
    const events = await unreacted.list()
    if (events.length > 0) log.info({ events: events.length }, 'reactions left undone by the last process run now')
    for (const event of events) {
      if (app.reactions(event.type).length > 0) this.react({ key: roomKey(event.tenantId, event.room) }, event, 0)
      // The application no longer reacts to it.
      else unreacted.done(event)
    }
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    while (this.#chains.size > 0) await Promise.all(this.#chains.values())
  }
}
