/**
 * What a node last told of the members of one room it listens to, and what it has to tell next. Pure: it is told what was
 * heard, compared and read, and says what to tell and whether to read. Each change is told once and in the order of the
 * versions; after a loss, the differences.
 */
import type { PresenceChange } from '@fanfare/protocol'
import { type Change, type Shown, type Snapshot, type Version, versionOf } from './presence-message.ts'

export type Told = { readonly change: PresenceChange; readonly userId: string; readonly shown: Shown }

/** `soon`: look again in a moment, what is missing may be on its way. `now`: read the members. */
export type Need = 'nothing' | 'soon' | 'now'
export type Step = { readonly tell: readonly Told[]; readonly need: Need }

type State =
  /** Listening, and not yet compared: nobody has been told of anybody. */
  | { readonly kind: 'waiting' }
  /** Compared, and somebody is in: their names are still to be read. */
  | { readonly kind: 'loading'; readonly from: Version }
  | { readonly kind: 'telling'; readonly at: Version; readonly members: Map<string, Shown> }

/** Beyond a hole no more are kept: they are read. */
const maxPending = 1_000

export class PresenceView {
  #state: State = { kind: 'waiting' }
  #pending: Change[] = []
  /** What a comparison found other than it was told. What is later may be on its way; what is earlier may have been lost there. */
  #target: { readonly version: Version; readonly isLater: boolean } | undefined
  /** Own changes that were told while waiting; their messages come yet. */
  readonly #early = new Set<string>()
  /** The members are not as many as the last message said. */
  #broken = false

  /** Who is in as this node told it, where that is later than the snapshot. */
  laterThan(snapshot: Snapshot): ReadonlyMap<string, Shown> | undefined {
    const state = this.#state
    if (state.kind !== 'telling' || state.at.life !== snapshot.at.life) return undefined
    return state.at.count > snapshot.at.count ? state.members : undefined
  }

  /** Whether it has told of somebody, so that a read could say that they are gone. */
  get tells(): boolean {
    return this.#state.kind === 'telling'
  }

  /** @param origin `own` when this node did it and has the answer, which may overtake the messages before it */
  heard(change: Change, origin: 'own' | 'message'): Step {
    const state = this.#state
    if (state.kind === 'waiting' && origin === 'own') {
      this.#early.add(nameOf(change.to))
      return { tell: [toldOf(change)], need: 'nothing' }
    }
    if (state.kind !== 'telling') {
      this.#keep(change)
      return { tell: [], need: 'nothing' }
    }
    if (!isAfter(change.to, state.at)) return { tell: [], need: 'nothing' }
    if (change.from !== state.at.text) {
      this.#keep(change)
      return { tell: [], need: origin === 'own' ? 'soon' : 'now' }
    }
    this.#pending.unshift(change)
    return this.#goOn([])
  }

  /** @param text the version that the server has now */
  compared(text: string): Step {
    const version = versionOf(text)
    if (version === undefined) return { tell: [], need: 'now' }
    if (this.#state.kind === 'waiting') {
      if (text === '0') {
        this.#state = { kind: 'telling', at: version, members: new Map() }
        return this.#goOn([])
      }
      this.#state = { kind: 'loading', from: version }
    }
    if (this.#state.kind === 'loading') return { tell: [], need: 'now' }
    if (this.#pending.length > 0) return this.#goOn([])
    if (this.#state.at.text === text) {
      this.#early.clear()
      return { tell: [], need: this.look() }
    }
    this.#target = { version, isLater: isAfter(version, this.#state.at) }
    return { tell: [], need: 'soon' }
  }

  /** Whether what was missing has come meanwhile. */
  look(): Need {
    if (this.#state.kind !== 'telling') return this.#state.kind === 'loading' ? 'now' : 'nothing'
    if (this.#hasReachedTarget(this.#state.at)) this.#target = undefined
    return this.#target !== undefined || this.#pending.length > 0 || this.#broken ? 'now' : 'nothing'
  }

  read({ at, members }: Snapshot): Step {
    const state = this.#state
    if (state.kind === 'waiting') return { tell: [], need: 'nothing' }
    this.#target = undefined
    // Overtaken by messages that are later than it.
    if (state.kind === 'telling' && at.life === state.at.life && at.count < state.at.count) return this.#goOn([])
    const told = state.kind === 'loading' ? this.#heardUpTo(at, state.from) : differences(state.members, members)
    this.#state = { kind: 'telling', at, members: new Map(members) }
    this.#broken = false
    this.#pending = this.#pending.filter((change) => change.to.life === at.life && isAfter(change.to, at))
    return this.#goOn(told)
  }

  /** Tells all that follows without a hole. */
  #goOn(before: readonly Told[]): Step {
    const tell = [...before]
    for (let next = this.#next(); next; next = this.#next()) {
      const { members } = this.#state as State & { kind: 'telling' }
      if (next.change === 'leave') members.delete(next.userId)
      else members.set(next.userId, next.shown)
      if (!this.#early.delete(nameOf(next.to))) tell.push(toldOf(next))
      this.#state = { kind: 'telling', at: next.to, members }
      this.#broken = members.size !== next.members
    }
    return { tell, need: this.#broken || this.#pending.length > 0 ? 'soon' : 'nothing' }
  }

  #next(): Change | undefined {
    const { at } = this.#state as State & { kind: 'telling' }
    this.#pending = this.#pending.filter((change) => isAfter(change.to, at))
    const index = this.#pending.findIndex((change) => change.from === at.text)
    return index === -1 ? undefined : this.#pending.splice(index, 1)[0]
  }

  #keep(change: Change): void {
    const isThere = this.#pending.some(({ to }) => nameOf(to) === nameOf(change.to))
    if (!isThere && this.#pending.length < maxPending) this.#pending.push(change)
  }

  /** What happened between the comparison and the first read, in order. */
  #heardUpTo(at: Version, from: Version): readonly Told[] {
    return this.#pending
      .filter(({ to }) => isAfter(to, from) && !(to.life === at.life && isAfter(to, at)))
      .sort((a, b) => a.to.count - b.to.count)
      .filter((change) => !this.#early.delete(nameOf(change.to)))
      .map(toldOf)
  }

  #hasReachedTarget(at: Version): boolean {
    if (this.#target === undefined) return false
    const { version, isLater } = this.#target
    return at.text === version.text || (isLater && at.life === version.life && at.count >= version.count)
  }
}

const toldOf = ({ change, userId, shown }: Change): Told => ({ change, userId, shown })

/** Unlike its text, never the same for two changes. */
const nameOf = ({ life, count }: Version): string => `${count}@${life}`

/** Of another life: it may be. */
const isAfter = (version: Version, other: Version): boolean =>
  version.life !== other.life || version.count > other.count

/** Who left, who came, and who says something else, so that what was told becomes what is. */
const differences = (told: ReadonlyMap<string, Shown>, now: ReadonlyMap<string, Shown>): readonly Told[] => {
  const left: Told[] = []
  const came: Told[] = []
  const updated: Told[] = []
  for (const [userId, shown] of told) {
    const seen = now.get(userId)
    if (seen === undefined || sinceOf(seen) !== sinceOf(shown)) left.push({ change: 'leave', userId, shown })
  }
  for (const [userId, shown] of now) {
    const seen = told.get(userId)
    if (seen === undefined || sinceOf(seen) !== sinceOf(shown)) came.push({ change: 'join', userId, shown })
    else if (seen !== shown) updated.push({ change: 'update', userId, shown })
  }
  return [...left, ...came, ...updated]
}

const sinceOf = (shown: Shown): string => shown.slice(0, shown.indexOf(' '))
