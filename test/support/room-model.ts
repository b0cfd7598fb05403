/** What rooms, logs and readers ought to do, in a few lines that know nothing of how: the reference that a real server is held to. */
import type { GapReason, Position, Since } from '@fanfare/protocol'

export type RoomKind = { readonly prefix: string; readonly durable: boolean; readonly keep: number }

type Result = { readonly offset: number; readonly n: number }
export type Beginning = { readonly offset: number; readonly recovered?: boolean; readonly reason?: GapReason }

export class RoomModel {
  readonly name: string
  readonly kind: RoomKind
  /** Known once somebody was told. */
  epoch: string | undefined
  /** What each event carries; the event at offset 1 first. */
  #events: number[] = []
  readonly #keys = new Map<string, Result>()

  constructor(kind: RoomKind, run: number) {
    this.kind = kind
    this.name = `${kind.prefix}:${run}`
  }

  get top(): number {
    return this.#events.length
  }

  /** Appends, unless the key did so before. */
  publish(n: number, key: string | undefined): Result & { readonly duplicate: boolean } {
    const earlier = key === undefined ? undefined : this.#keys.get(key)
    if (earlier) return { ...earlier, duplicate: true }
    this.#events.push(n)
    const result = { offset: this.top, n }
    if (key !== undefined) this.#keys.set(key, result)
    return { ...result, duplicate: false }
  }

  at(offset: number): number | undefined {
    return this.#events[offset - 1]
  }

  /** What a subscribe is told. */
  begin(since: Since | undefined): Beginning {
    const first = Math.max(1, this.top - this.kind.keep + 1)
    if (since === undefined) return { offset: this.top }
    if (since === 'earliest') return { offset: first - 1, recovered: true }
    if (since.epoch !== this.epoch) return { offset: this.top, recovered: false, reason: 'epoch' }
    if (since.offset > this.top) return { offset: this.top, recovered: false, reason: 'ahead' }
    if (since.offset < first - 1) return { offset: this.top, recovered: false, reason: 'trimmed' }
    return { offset: since.offset, recovered: true }
  }

  /** The process ended and another began on the same data. */
  restart(): void {
    if (this.kind.durable) return
    this.epoch = undefined
    this.#events = []
    this.#keys.clear()
  }

  position(offset: number): Position {
    return { epoch: this.epoch ?? 'unknown', offset }
  }
}
