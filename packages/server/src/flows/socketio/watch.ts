/**
 * The watch over links that two nodes share: each of the two writes to the other in the same beat, says how far it has come,
 * and gives the links up when the other falls silent. A letter that was lost with none after it shows here.
 */
import type { Clock } from '../../lib/clock.ts'
import type { Count } from './letters.ts'
import type { Mail } from './mail.ts'
import type { Tally } from './tally.ts'

/** This node's end of a link that another has the other end of. */
export type SharedLink = {
  readonly node: string
  /** As the node where the client is calls it. */
  readonly name: string
  /** Which way its letters go: `up` where the client is, `down` where the session is. */
  readonly direction: 'up' | 'down'
  readonly tally: Tally
  /** The other end is not there, or letters were lost. */
  broken(): void
}

export const beatMs = 5_000

/** A node that is silent for so many beats is gone. Beats are counted, because wall clocks jump. */
const silentBeats = 3

/** Links that one letter tells of. */
const together = 1_000

type Neighbour = { readonly links: Set<SharedLink>; silent: number }

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
      for (const { links } of [...this.#neighbours.values()]) breakAll(links)
    }
  }

  add(link: SharedLink): void {
    const neighbour = this.#neighbours.get(link.node) ?? { links: new Set(), silent: 0 }
    this.#neighbours.set(link.node, neighbour)
    neighbour.links.add(link)
  }

  remove(link: SharedLink): void {
    const neighbour = this.#neighbours.get(link.node)
    neighbour?.links.delete(link)
    if (neighbour?.links.size === 0) this.#neighbours.delete(link.node)
  }

  heard(node: string): void {
    const neighbour = this.#neighbours.get(node)
    if (neighbour) neighbour.silent = 0
  }

  #beat(): void {
    for (const [node, neighbour] of [...this.#neighbours]) {
      if (neighbour.silent >= silentBeats) breakAll(neighbour.links)
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
        if (sent === 'gone') breakAll(links)
        if (sent === 'unknown') neighbour.silent = 0
      })
    }
  }
}

const breakAll = (links: ReadonlySet<SharedLink>): void => {
  for (const link of [...links]) link.broken()
}
