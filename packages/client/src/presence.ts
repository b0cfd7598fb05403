/**
 * Presence in one room: who is there, and what we said of ourselves. It owns that intent and restores it in every new
 * session, so the application says it once. A snapshot replaces the members and is never reported as a change.
 */
import type { Json, Member, PresenceChange, PresenceChangeFrame, PresenceSnapshot } from '@fanfare/protocol'
import { Listeners, type Store, Watched } from './listeners.ts'
import type { Requests } from './requests.ts'
import type { Subscription } from './subscription.ts'

export type MemberChange = { readonly change: PresenceChange; readonly member: Member }

/** `loading` until the first snapshot; the members are those last known while the connection is away. */
export type Members = { readonly status: 'loading' | 'ready'; readonly list: readonly Member[] }

export class RoomPresence {
  readonly changes: Listeners<MemberChange>
  readonly #subscription: Subscription
  readonly #requests: Requests
  readonly #members: Watched<Members>
  readonly #report: (error: unknown) => void
  #intent: { readonly state: Json } | undefined
  /** Changes that came while a snapshot is on its way. They win over it: each says the member's newest state. */
  #held: PresenceChangeFrame[] | undefined
  #entering = 0
  #isWatched = false
  #loads = 0

  constructor(subscription: Subscription, requests: Requests, report: (error: unknown) => void) {
    this.#subscription = subscription
    this.#requests = requests
    this.#report = report
    this.changes = new Listeners(report)
    this.#members = new Watched<Members>({ status: 'loading', list: [] }, report)
    subscription.entered.add(() => this.#entered())
  }

  /** Watching begins with the first look. */
  get members(): Store<Members> {
    return this.#members
  }

  /** Says who we are here, or changes it. Resolves when the server has it; restored in later sessions until `leave`. */
  async enter(state: Json): Promise<void> {
    const intent = { state }
    this.#intent = intent
    this.#entering++
    try {
      await this.#subscription.ready
      await this.#requests.ask({ type: 'presence', room: this.#subscription.name, state })
    } catch (error) {
      // Refused: not to be said again in every session.
      if (this.#intent === intent) this.#intent = undefined
      throw error
    } finally {
      this.#entering--
    }
  }

  async leave(): Promise<void> {
    if (!this.#intent) return
    this.#intent = undefined
    await this.#requests.ask({ type: 'presence', room: this.#subscription.name, leave: true })
  }

  watch(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    if (this.#subscription.state.getSnapshot().status === 'subscribed') this.#load()
  }

  changed(frame: PresenceChangeFrame): void {
    if (!this.#isWatched) return
    if (this.#held) this.#held.push(frame)
    else this.#members.set({ status: 'ready', list: applied(this.#members.getSnapshot().list, frame) })
    this.changes.emit({ change: frame.change, member: frame.member })
  }

  end(): void {
    this.#intent = undefined
    this.#isWatched = false
    this.#members.clear()
    this.changes.clear()
  }

  #entered(): void {
    // One that is on its way is sent again by itself.
    if (this.#intent && this.#entering === 0) {
      const { state } = this.#intent
      this.#requests.ask({ type: 'presence', room: this.#subscription.name, state }).catch(this.#report)
    }
    if (this.#isWatched) this.#load()
  }

  #load(): void {
    const load = ++this.#loads
    this.#held = []
    this.#requests.ask({ type: 'presence', room: this.#subscription.name }).then(
      (result) => {
        // A newer session asked again: its answer is the one that counts.
        if (load !== this.#loads || !this.#held) return
        const { members } = result as unknown as PresenceSnapshot
        const list = this.#held.reduce(applied, members)
        this.#held = undefined
        this.#members.set({ status: 'ready', list })
      },
      (error: unknown) => {
        this.#held = undefined
        if (this.#isWatched) this.#report(error)
      },
    )
  }
}

const applied = (list: readonly Member[], { change, member }: PresenceChangeFrame): readonly Member[] => {
  const index = list.findIndex(({ userId }) => userId === member.userId)
  if (change === 'leave') return index < 0 ? list : list.toSpliced(index, 1)
  return index < 0 ? [...list, member] : list.with(index, member)
}
