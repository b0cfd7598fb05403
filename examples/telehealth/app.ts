/** The clinic: visits in which patients and providers write to each other, with receipts, typing, presence and notifications. */
import { FanfareError } from '@fanfare/protocol'
import { type Duration, defineApp } from '@fanfare/server'
import { seedDemo } from './demo.ts'
import { createTally, metricsOf } from './metrics.ts'
import { pagePaths, servePage } from './pages.ts'
import { createPeople, demoPassword, demoPeople } from './people.ts'
import { onMessage } from './reactions.ts'
import { routes } from './routes.ts'
import type { Door } from './sign-in.ts'
import { socketio } from './socket/socketio.ts'
import { mayFollow } from './topics.ts'
import { mayInVisit, shareVisit } from './visits.ts'

export type TelehealthOptions = {
  /** A Socket.IO client that emits nothing for so long is disconnected. @default '5m' */
  readonly idleTimeout?: Duration
}

/** A clinic of its own; tests make one each. */
export const createTelehealth = ({ idleTimeout = '5m' }: TelehealthOptions = {}) => {
  const tally = createTally()
  let opened: Door | undefined
  const door = (): Door => {
    if (opened === undefined) throw new FanfareError('unavailable')
    return opened
  }
  return defineApp({
    rooms: {},
    features: {
      chat: { may: mayInVisit },
      inbox: { topic: mayFollow },
      status: {
        access: ({ user, userId }) => user.id === userId || shareVisit(door().of(user.tenantId), user.id, userId),
      },
    },
    on: {
      'message.created': onMessage(tally),
    },
    metrics: metricsOf(tally),
    socketio: socketio({ idleTimeout, tally }),
    routes: {
      ...Object.fromEntries(
        pagePaths.map((path) => [`GET ${path}`, { auth: 'none' as const, handle: () => servePage(path) }]),
      ),
      ...routes(door),
    },
    async onStart({ of, mint, mode }) {
      // Accounts whose password anybody can read in the source are for a developer's own machine only.
      const people = await createPeople(mode === 'development' ? demoPeople : [], demoPassword)
      if (mode === 'development') await seedDemo(of)
      opened = { people, of, mint, mode }
      return () => {
        opened = undefined
      }
    },
  })
}

export const app = createTelehealth()
export default app
