/** A graceful stop: tell each client when to come back, spread over a window so that they do not all come at once, then close. */
import type { Session } from '../hub/session.ts'
import { deferred } from '../lib/deferred.ts'
import { within } from '../lib/within.ts'
import type { Services } from './services.ts'

/** So many reconnects a second does another node take without trouble. */
const reconnectsPerSecond = 500
const paceMs = 100

/** New links and probes are answered that the node stops, until `shut` closes the door: only then can they not reach it. */
export const drain = async (services: Services, shut: () => void): Promise<void> => {
  services.accepting = false
  const { clock, limits } = services
  const sessions = shuffle([...services.hub.sessions.values()])
  // Half of the time for closing, the rest for links to end and commits to finish.
  const windowMs = Math.min(limits.shutdownMs / 2, (sessions.length / reconnectsPerSecond) * 1000)
  const turns = Math.max(1, Math.ceil(windowMs / paceMs))
  const each = Math.ceil(sessions.length / turns)
  for (let turn = 0; turn < turns && sessions.length > 0; turn++) {
    for (const session of sessions.splice(0, each)) sendAway(session, windowMs)
    if (sessions.length === 0) break
    const pause = deferred()
    clock.after(paceMs, () => pause.resolve())
    await pause.promise
  }
  // Whoever was being let in when it began.
  for (const session of services.hub.sessions.values()) sendAway(session, windowMs)
  shut()
  // A reaction that never ends must not keep the node from ending. Where its room is durable, the next start runs it again.
  if (!(await within(clock, limits.shutdownMs / 4, services.reactor.idle()))) {
    services.log.warn({}, 'reactions were still running when the node stopped')
  }
}

const sendAway = (session: Session, windowMs: number): void => {
  if (!session.open) return
  const afterMs = Math.round(Math.random() * Math.max(1_000, windowMs))
  session.send({ type: 'reconnect', afterMs, reason: 'shutting_down' })
  session.end('shutting_down', 'the node is stopping')
}

const shuffle = <T>(items: T[]): T[] => {
  for (let index = items.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    const held = items[index]!
    items[index] = items[other]!
    items[other] = held
  }
  return items
}
