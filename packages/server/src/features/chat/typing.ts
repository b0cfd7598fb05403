/** Who is typing, by what this node was told. It stops by itself: here by a timer, at clients after `forMs` without another word. */
import type { Clock, Timer } from '../../lib/clock.ts'

export type Typist = { readonly tenantId: string; readonly roomId: string; readonly userId: string }

export type Typing = {
  started(typist: Typist): Promise<void>
  stopped(typist: Typist): Promise<void>
  /** What they were typing came. Nobody waits for this. */
  sent(typist: Typist): void
  /** Ends the timers. */
  close(): void
}

export type TypingParts = {
  readonly clock: Clock
  readonly forMs: number
  tell(typist: Typist, type: 'typing.started' | 'typing.stopped'): Promise<void>
  /** Where nobody waits. */
  failed(error: unknown): void
}

type State = { timer: Timer; toldAt: number }

export const createTyping = ({ clock, forMs, tell, failed }: TypingParts): Typing => {
  const states = new Map<string, State>()
  const nameOf = ({ tenantId, roomId, userId }: Typist) => `${tenantId}|${roomId}|${userId}`

  const stop = async (typist: Typist): Promise<void> => {
    const state = states.get(nameOf(typist))
    if (!state) return
    state.timer.cancel()
    states.delete(nameOf(typist))
    await tell(typist, 'typing.stopped')
  }
  const stopSoon = (typist: Typist): void => void stop(typist).catch(failed)

  return {
    async started(typist) {
      const name = nameOf(typist)
      const now = clock.now()
      const before = states.get(name)
      before?.timer.cancel()
      // Each key pressed is a word from the client: others need one of them now and then.
      const isNews = before === undefined || now - before.toldAt >= forMs / 2
      const timer = clock.after(forMs, () => stopSoon(typist))
      states.set(name, { timer, toldAt: isNews ? now : before.toldAt })
      if (isNews) await tell(typist, 'typing.started')
    },
    stopped: stop,
    sent: stopSoon,
    close() {
      for (const { timer } of states.values()) timer.cancel()
      states.clear()
    },
  }
}
