/** What the application's own code is given: the verbs, inside one tenant, on nobody's behalf but its own. */
import type { AppContext } from '../app/app.ts'
import type { FeatureApis } from '../app/features.ts'
import type { AppCaller } from '../model/caller.ts'
import { emitter } from './emit.ts'
import { history } from './history.ts'
import { readPresence } from './presence.ts'
import { publish } from './publish.ts'
import type { Services } from './services.ts'

export type ContextOptions = {
  readonly tenantId: string
  /** Set as the cause of what is published. */
  readonly userId?: string
  /** Names the cause, so that doing it again publishes nothing twice: the nth publish has the key `cause|n`. */
  readonly cause?: string
  readonly depth?: number
  /** Where what is emitted goes. @default '/' */
  readonly namespace?: string
}

export const contextOf = (services: Services, options: ContextOptions): AppContext => {
  const { tenantId, userId, cause, depth, namespace = '/' } = options
  const caller: AppCaller = { kind: 'app', tenantId, ...(userId === undefined ? {} : { userId }) }
  let published = 0
  const keyOf = (given: string | undefined) => given ?? (cause === undefined ? undefined : `${cause}|${published}`)
  const verbs: Omit<AppContext, keyof FeatureApis> = {
    tenantId,
    cache: services.cache.of(tenantId),
    log: services.log,
    publish(room, event, data, { key: given } = {}) {
      const key = keyOf(given)
      published++
      return publish(services, caller, {
        room,
        event,
        data,
        ...(key === undefined ? {} : { key }),
        ...(depth === undefined ? {} : { depth }),
      })
    },
    history: (room, { limit } = {}) => history(services, caller, { room, ...(limit === undefined ? {} : { limit }) }),
    members: async (room) => (await readPresence(services, caller, room)).members,
    stats: () => services.engine.directory.count(tenantId),
    to: (target) => emitter(services, { tenantId, namespace }, target),
  }
  return verbs as AppContext
}
