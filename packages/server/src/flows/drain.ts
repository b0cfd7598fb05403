/**
 * A graceful stop: clients are sent away evenly over a window, each told when to come back, so that the nodes which take them
 * are met by a steady stream and not by a crowd. Those that nobody can tell anything (Socket.IO's) have only the pace.
 */
import type { Limits } from '@fanfare/protocol'
import type { Session } from '../hub/session.ts'
import type { Clock } from '../lib/clock.ts'
import { deferred } from '../lib/deferred.ts'
import { within } from '../lib/within.ts'
import type { Services } from './services.ts'

/** Below what a node admits a second (`connectsPerSecond`), so that one alone can take them all. */
const comingPerSecond = 400
const shareOfAdmission = 0.8
const paceMs = 100
/**
 * Each comes back within so long after its close, at random: enough to even out the steps of the pace, little beside the
 * window. More would heap the arrivals up in the middle: the sum of two even spreads is a triangle.
 */
const spreadMs = 1_000

/** Half of the time for closing, the rest for links to end, reactions and commits to finish. */
export const windowFor = (clients: number, limits: Pick<Limits, 'connectsPerSecond' | 'shutdownMs'>): number => {
  const perSecond = Math.min(comingPerSecond, limits.connectsPerSecond * shareOfAdmission)
  return Math.min(limits.shutdownMs / 2, (clients / perSecond) * 1_000)
}

/** Whoever is to be sent away: a session, or a link that has none. */
export type Leaving = { leave(afterMs: number): void }

/** Resolves when everybody was sent away, in random order, as many in each step as in any other. */
export const sendAway = async (
  leaving: readonly Leaving[],
  { clock, windowMs, random = Math.random }: { clock: Clock; windowMs: number; random?: () => number },
): Promise<void> => {
  const everybody = shuffled(leaving, random)
  const steps = Math.max(1, Math.round(windowMs / paceMs))
  let gone = 0
  for (let step = 1; step <= steps && everybody.length > 0; step++) {
    const due = Math.round((everybody.length * step) / steps)
    for (; gone < due; gone++) everybody[gone]!.leave(Math.round(random() * spreadMs))
    if (step === steps) return
    const pause = deferred()
    clock.after(paceMs, () => pause.resolve())
    await pause.promise
  }
}

export type DrainOptions = {
  /** Closes the door. New links and probes are answered that the node stops until then: only then can they not reach it. */
  readonly shut: () => void
  /** Links of this node that have no session. */
  readonly others?: readonly { close(): void }[]
}

export const drain = async (services: Services, { shut, others = [] }: DrainOptions): Promise<void> => {
  services.accepting = false
  const { clock, hub, limits, log, reactor } = services
  const sessions = [...hub.sessions.values()]
  const leaving = [...sessions.map(leavingSession), ...others.map((link) => ({ leave: () => link.close() }))]
  await sendAway(leaving, { clock, windowMs: windowFor(leaving.length, limits) })
  // Whoever was being let in when it began.
  await sendAway([...hub.sessions.values()].map(leavingSession), { clock, windowMs: 0 })
  shut()
  // A reaction that never ends must not keep the node from ending. Where its room is durable, it is run again elsewhere.
  if (!(await within(clock, limits.shutdownMs / 4, reactor.idle()))) {
    log.warn({}, 'reactions were still running when the node stopped')
  }
}

const leavingSession = (session: Session): Leaving => ({
  leave(afterMs) {
    if (!session.open) return
    session.send({ type: 'reconnect', afterMs, reason: 'shutting_down' })
    session.end('shutting_down', 'the node is stopping')
  },
})

const shuffled = <T>(items: readonly T[], random: () => number): readonly T[] => {
  const shuffling = [...items]
  for (let index = shuffling.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    const held = shuffling[index]!
    shuffling[index] = shuffling[other]!
    shuffling[other] = held
  }
  return shuffling
}
