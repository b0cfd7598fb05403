/** Couriers that join nodes of one process: letters arrive in order, a little later, unless a test loses them or takes a node away. */
import { FanfareError } from '@fanfare/protocol'
import type { Courier } from '../../engine/courier.ts'

export type Carried = { readonly from: string; readonly to: string; readonly text: string }

export class Couriers {
  /** Everything that was told, in order. */
  readonly carried: Carried[] = []
  /** Lost on the way, though its sender thinks it arrived. */
  loses: (carried: Carried) => boolean = () => false
  /** Nobody can be told anything. */
  away = false
  readonly #nodes = new Map<string, (from: string, text: string) => void>()

  of(node: string): Courier {
    return {
      start: async (receive) => {
        this.#nodes.set(node, receive)
        return async () => this.kill(node)
      },
      tell: async (to, text) => {
        if (this.away || !this.#nodes.has(node)) throw new FanfareError('unavailable')
        const receive = this.#nodes.get(to)
        if (!receive) return false
        const carried = { from: node, to, text }
        this.carried.push(carried)
        if (!this.loses(carried)) queueMicrotask(() => receive(node, text))
        return true
      },
    }
  }

  /** As by kill -9: it says nothing any more, and nobody can tell it anything. */
  kill(node: string): void {
    this.#nodes.delete(node)
  }

  /** Something that no node of ours would write. */
  forge(to: string, text: string, from = 'evilnode'): void {
    this.#nodes.get(to)?.(from, text)
  }
}
