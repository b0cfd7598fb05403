/**
 * The watch over other nodes from which something is expected here: they are written to in a beat, and what is expected of
 * one that falls silent is given up. A letter about a link that was lost, with none after it, shows here too.
 */
import type { Clock } from '../../lib/clock.ts'
import type { Count } from './letters.ts'
import type { Mail } from './mail.ts'
import type { Tally } from './tally.ts'

/** Something here that comes to nothing without the other node. */
export type Expected = {
  readonly node: string
  /** The other node is gone, or letters were lost. */
  broken(): void
}

/** This node's end of a link that another has the other end of. */
export type SharedLink = Expected & {
  /** As the node where the client is calls it. */
  readonly name: string
  /** Which way its letters go: `up` where the client is, `down` where the session is. */
  readonly direction: 'up' | 'down'
  readonly tally: Tally
}

export const beatMs = 5_000

/** A node that is silent for so many beats is gone. Beats are counted, because wall clocks jump. */
const silentBeats = 3

/** Links that one letter tells of. */
const together = 1_000

type Neighbour = { readonly expected: Set<Expected>; readonly links: Set<SharedLink>; silent: number }

export class Watch {
  readonly #mail: Mail
  readonly #neighbours = new Map<string, Neighbour>()

  constructor(mail: Mail) {
    this.#mail = mail
  }

  start(clock: Clock): () => void {
    const timer = clock.every(beatMs, () => this.#beat())
    return () => {
      timer.cancel()
      for (const neighbour of [...this.#neighbours.values()]) breakAll(neighbour)
    }
  }

  add(link: SharedLink): void {
    this.expect(link)
    this.#neighbours.get(link.node)?.links.add(link)
  }

  remove(link: SharedLink): void {
    this.#neighbours.get(link.node)?.links.delete(link)
    this.release(link)
  }

  expect(one: Expected): void {
    const neighbour = this.#neighbours.get(one.node) ?? { expected: new Set(), links: new Set(), silent: 0 }
    this.#neighbours.set(one.node, neighbour)
    neighbour.expected.add(one)
  }

  release(one: Expected): void {
    const neighbour = this.#neighbours.get(one.node)
    neighbour?.expected.delete(one)
    if (neighbour?.expected.size === 0) this.#neighbours.delete(one.node)
  }

  /** Whether anything is expected of the node, so that it will be written to. */
  knows(node: string): boolean {
    return this.#neighbours.has(node)
  }

  heard(node: string): void {
    const neighbour = this.#neighbours.get(node)
    if (neighbour) neighbour.silent = 0
  }

  #beat(): void {
    for (const [node, neighbour] of [...this.#neighbours]) {
      if (neighbour.silent >= silentBeats) breakAll(neighbour)
      else this.#tell(node, neighbour)
    }
  }

  #tell(node: string, neighbour: Neighbour): void {
    const { links } = neighbour
    // Taken back when it turns out that nobody can be told: then silence says nothing of the other.
    neighbour.silent++
    const counts: { readonly up: Count[]; readonly down: Count[] } = { up: [], down: [] }
    for (const { direction, name, tally } of links) {
      const count = tally.report()
      if (count !== undefined) counts[direction].push([name, count])
    }
    for (let from = 0; from === 0 || from < Math.max(counts.up.length, counts.down.length); from += together) {
      const [up, down] = [counts.up.slice(from, from + together), counts.down.slice(from, from + together)]
      void this.#mail.send(node, { type: 'beat', up, down }).then((sent) => {
        if (sent === 'gone') breakAll(neighbour)
        if (sent === 'unknown') neighbour.silent = 0
      })
    }
  }
}

const breakAll = ({ expected }: Neighbour): void => {
  for (const one of [...expected]) one.broken()
}
